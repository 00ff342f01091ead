import { invalidArgument, readArgument, show } from "../base/arguments.ts";

/**
 * Whether a value is a loaded model. Checks its members: a program with both ES modules and CommonJS
 * has two copies of the class.
 */
export function isModel(value: unknown): boolean {
  return readArgument("llama", () => {
    const { chat, embed, generate, infill, model, stats } = Object(value) as Record<
      string,
      unknown
    >;
    const calls = [chat, embed, generate, infill, stats];
    return typeof model === "object" && calls.every((call) => typeof call === "function");
  });
}

/**
 * @param where - the call, for the message
 * @throws CodeLlamaError `INVALID_ARGUMENT` unless the value is a loaded model
 */
export function requireModel(value: unknown, where: string): void {
  if (isModel(value)) return;
  throw invalidArgument(
    `${where}: the first argument must be a model of CodeLlama.load() or connect() (got ${show(value)})`,
  );
}
