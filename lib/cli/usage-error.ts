// commander's messages, and the same facts in the words of our own errors.
const messages: readonly (readonly [RegExp, string])[] = [
  [/^error: missing required argument '([^']*)'/, "argument <$1> is missing"],
  [/^error: option '(?:-\w, )?(--[\w-]+)[^']*' argument missing/, "$1 must have a value"],
  [/^error: unknown (option|command) '([^']*)'/, 'unknown $1 "$2"'],
  [
    /^error: too many arguments(?: for '[^']*')?\. Expected (\d+) arguments? but got (\d+).*/,
    "too many arguments: at most $1 (got $2)",
  ],
];

/** A message of commander about a wrong command line, in the words of our own errors. */
export function usageError(message: string): string {
  const suggestion = /\(Did you mean (?:one of )?([^?]*)\?\)/.exec(message)?.[1];
  const [line = ""] = message.split("\n");
  const known = messages.find(([pattern]) => pattern.test(line));
  if (known === undefined) return message;
  const text = line.replace(...known);
  const advice = suggestion === undefined ? "" : `; did you mean "${suggestion}"?`;
  return `error: ${text}${advice}\n`;
}
