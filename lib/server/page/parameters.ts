import { element } from "./element.ts";

/** The fields, and what the server calls them. */
const names = {
  temperature: "temperature",
  "top-p": "top_p",
  "max-tokens": "max_tokens",
  seed: "seed",
};

/** The parameters as the server takes them; what is empty is left to it. */
export function parameters(): { readonly max_tokens?: number } {
  const given = Object.entries(names).flatMap(([id, name]) => {
    const { value, valueAsNumber } = element(id, HTMLInputElement);
    return value === "" ? [] : [[name, valueAsNumber]];
  });
  return Object.fromEntries(given);
}

/** What is wrong with the first field that cannot be sent, and what it may be. */
export function parameterFault(): string | undefined {
  const bad = Object.keys(names)
    .map((id) => element(id, HTMLInputElement))
    .find(isBad);
  if (bad === undefined) return undefined;
  const name = bad.labels?.[0]?.textContent?.trim() ?? bad.id;
  const kind = isWhole(bad) ? "a whole number" : "a number";
  return `${name} must be ${kind} from ${bad.min}${bad.max === "" ? "" : ` to ${bad.max}`}.`;
}

function isBad(input: HTMLInputElement): boolean {
  const { badInput, rangeUnderflow, rangeOverflow, stepMismatch } = input.validity;
  // Other steps are only those of the arrow keys: 0.25 is as good a temperature as 0.2.
  return badInput || rangeUnderflow || rangeOverflow || (stepMismatch && isWhole(input));
}

function isWhole(input: HTMLInputElement): boolean {
  return input.step === "1";
}
