import { element } from "./element.ts";

/** Names of the request fields, by the id of the input. */
const names = {
  temperature: "temperature",
  "top-p": "top_p",
  "max-tokens": "max_tokens",
  seed: "seed",
};

/** The parameters as request fields. The server chooses the value of an empty input. */
export function parameters(): { readonly max_tokens?: number } {
  const given = Object.entries(names).flatMap(([id, name]) => {
    const { value, valueAsNumber } = element(id, HTMLInputElement);
    return value === "" ? [] : [[name, valueAsNumber]];
  });
  return Object.fromEntries(given);
}

/** Error message for the first invalid input. Undefined if all inputs are valid. */
export function parameterError(): string | undefined {
  const input = Object.keys(names)
    .map((id) => element(id, HTMLInputElement))
    .find(isInvalid);
  if (input === undefined) return undefined;
  const { min, max, value } = input;
  const name = input.labels?.[0]?.textContent?.trim() ?? input.id;
  const kind = isWholeNumber(input) ? "a whole number" : "a number";
  const range = max === "" ? `of at least ${min}` : `between ${min} and ${max}`;
  return `${name} must be ${kind} ${range}${value === "" ? "" : ` (got ${value})`}.`;
}

function isInvalid(input: HTMLInputElement): boolean {
  const { badInput, rangeUnderflow, rangeOverflow, stepMismatch } = input.validity;
  // Only whole numbers must match the step. Other steps are for the arrow keys: 0.25 is a valid temperature.
  return badInput || rangeUnderflow || rangeOverflow || (stepMismatch && isWholeNumber(input));
}

function isWholeNumber(input: HTMLInputElement): boolean {
  return input.step === "1";
}
