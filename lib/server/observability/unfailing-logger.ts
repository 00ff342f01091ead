import type { Logger } from "../options.ts";

/** A logger whose failures stay its own: logging never decides over serving. */
export function unfailingLogger(logger: Logger): Logger {
  const guard = (level: keyof Logger) => (fields: object, message: string) => {
    // A logger may be asynchronous, though its type says nothing of it.
    new Promise((resolve) => resolve(logger[level](fields, message))).catch(() => {});
  };
  return { info: guard("info"), warn: guard("warn"), error: guard("error") };
}
