import { addon, type NativeGrammar, type NativeWork } from "../native/binding.ts";
import type { Structure } from "../options/structure.ts";

const kept = 32;

/** Grammars that were used lately, so that one schema for many requests is read once. */
export class Grammars {
  readonly #compiled = new Map<string, Compilation>();

  /** The reading ends early when everyone who waits for this grammar has cancelled. */
  compile({ text, isJsonSchema }: Structure): NativeWork<NativeGrammar> {
    const key = `${isJsonSchema}${text}`;
    const known = this.#compiled.get(key);
    const compilation = known ?? new Compilation(addon().compileGrammar(text, isJsonSchema));
    // The last used comes last.
    this.#compiled.delete(key);
    this.#compiled.set(key, compilation);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size > kept && oldest !== undefined) this.#compiled.delete(oldest);
    const leave = compilation.join();
    return {
      result: compilation.result,
      cancel: () => {
        if (leave() && this.#compiled.get(key) === compilation) this.#compiled.delete(key);
      },
    };
  }
}

/** A grammar that is being read, or was, for any number of requests. */
class Compilation {
  readonly result: Promise<NativeGrammar>;
  readonly #work: NativeWork<NativeGrammar>;
  #waiting = 0;
  #settled = false;

  constructor(work: NativeWork<NativeGrammar>) {
    this.#work = work;
    this.result = work.result;
    const settle = () => {
      this.#settled = true;
    };
    this.result.then(settle, settle);
  }

  /** Returns how to leave: true where that has ended the reading. */
  join(): () => boolean {
    let waits = true;
    this.#waiting++;
    return () => {
      if (waits) this.#waiting--;
      waits = false;
      if (this.#waiting > 0 || this.#settled) return false;
      this.#work.cancel();
      return true;
    };
  }
}
