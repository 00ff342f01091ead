/** Structured log. pino's and winston's loggers fit this interface. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Wraps a logger so that its failures never reach a request. */
export function failsafeLogger(logger: Logger): Logger {
  const guard = (level: keyof Logger) => (fields: object, message: string) => {
    // A logger may return a promise although its type says void.
    new Promise((resolve) => resolve(logger[level](fields, message))).catch(() => {});
  };
  return { info: guard("info"), warn: guard("warn"), error: guard("error") };
}
