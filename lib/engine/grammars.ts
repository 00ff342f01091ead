import { CodeLlamaError, fromNative } from "../errors.ts";
import { addon, type NativeCompilation, type NativeWork } from "../native/binding.ts";
import type { Structure } from "../options/structure.ts";
import { withToolName } from "../schema/tool-places.ts";

const kept = 32;

/** Cache of recently used grammars, so that many requests with one schema compile it once. */
export class Grammars {
  readonly #compiled = new Map<string, Compilation>();

  /** Compiles a structure. The work stops early when all its callers have cancelled. */
  compile(structure: Structure): NativeWork<NativeCompilation> {
    const { kind, text, ...options } = structure;
    const key = `${kind} ${JSON.stringify(options)} ${text}`;
    const known = this.#compiled.get(key);
    const compilation = known ?? new Compilation(addon().compileGrammar(kind, text, options));
    // Moves the grammar to the end: the first entry is the least recently used.
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

/** One compilation, running or done, that any number of requests share. */
class Compilation {
  readonly result: Promise<NativeCompilation>;
  readonly #work: NativeWork<NativeCompilation>;
  #waiting = 0;
  #settled = false;

  constructor(work: NativeWork<NativeCompilation>) {
    this.#work = work;
    this.result = work.result.catch(rethrowWithToolName);
    const settle = () => {
      this.#settled = true;
    };
    this.result.then(settle, settle);
  }

  /** Adds a caller. The returned function removes it and returns true if that stopped the work. */
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

function rethrowWithToolName(error: unknown): never {
  const known = fromNative(error);
  if (!CodeLlamaError.isInstance(known)) throw known;
  throw new CodeLlamaError(known.code, withToolName(known.message));
}
