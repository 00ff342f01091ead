/**
 * Whether a value is a loaded model. By what it has: the class is another one in a program with both
 * ES modules and CommonJS.
 */
export function isModel(value: unknown): boolean {
  const { chat, embed, generate, infill, model, stats } = Object(value) as Record<string, unknown>;
  const calls = [chat, embed, generate, infill, stats];
  return typeof model === "object" && calls.every((call) => typeof call === "function");
}
