import { addon, type NativeGrammar } from "./binding.ts";
import { fromNative } from "./errors.ts";
import type { Structure } from "./options/structure.ts";

const kept = 32;

/** Grammars that were used lately, so that one schema for many requests is read once. */
export class Grammars {
  readonly #compiled = new Map<string, Promise<NativeGrammar>>();

  /** @throws CodeLlamaError `INVALID_GRAMMAR` */
  compile({ text, isJsonSchema }: Structure): Promise<NativeGrammar> {
    const key = `${isJsonSchema}${text}`;
    const known = this.#compiled.get(key);
    const grammar =
      known ??
      addon()
        .compileGrammar(text, isJsonSchema)
        .catch((error: unknown) => {
          throw fromNative(error);
        });
    // The last used comes last.
    this.#compiled.delete(key);
    this.#compiled.set(key, grammar);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size > kept && oldest !== undefined) this.#compiled.delete(oldest);
    return grammar;
  }
}
