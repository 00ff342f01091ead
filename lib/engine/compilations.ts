import { CodeLlamaError, fromNative } from "../errors.ts";
import {
  addon,
  type NativeCompilation,
  type NativeStopPattern,
  type NativeWork,
} from "../native/binding.ts";
import type { Pattern } from "../options/regular-expression.ts";
import type { Structure } from "../options/structure.ts";
import { withToolName } from "../schema/tool-places.ts";
import type { Compiled, EngineCall } from "./port.ts";

const kept = 32;

/** Cache of recently used grammars and stop patterns: many requests share one compilation. */
export class Compilations {
  readonly #grammars = new Cache<NativeCompilation>();
  readonly #patterns = new Cache<NativeStopPattern>();

  /** Compiles what a call needs. @param wait - waits for work on another thread */
  ofCall(
    { structure, patterns = [] }: Pick<EngineCall, "structure" | "patterns">,
    wait: <Value>(work: NativeWork<Value>) => Promise<Value>,
  ): Compiled | Promise<Compiled> {
    if (structure === undefined && patterns.length === 0) return {};
    return Promise.all([
      structure && wait(this.#grammar(structure)),
      Promise.all(patterns.map((pattern) => wait(this.#stopPattern(pattern)))),
    ]).then(([compilation, stopPatterns]) => ({ ...compilation, stopPatterns }));
  }

  // The work stops early when all its callers have cancelled.
  #grammar(structure: Structure): NativeWork<NativeCompilation> {
    const { kind, text, ...options } = structure;
    const key = `${kind} ${JSON.stringify(options)} ${text}`;
    return this.#grammars.share(key, () => addon().compileGrammar(kind, text, options));
  }

  #stopPattern({ source, flags }: Pattern): NativeWork<NativeStopPattern> {
    return this.#patterns.share(`${flags} ${source}`, () =>
      addon().compileStopPattern(source, flags),
    );
  }
}

class Cache<Value> {
  readonly #compiled = new Map<string, Compilation<Value>>();

  share(key: string, compile: () => NativeWork<Value>): NativeWork<Value> {
    const compilation = this.#compiled.get(key) ?? new Compilation(compile());
    // Moves the entry to the end: the first entry is the least recently used.
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
class Compilation<Value> {
  readonly result: Promise<Value>;
  readonly #work: NativeWork<Value>;
  #waiting = 0;
  #settled = false;

  constructor(work: NativeWork<Value>) {
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
