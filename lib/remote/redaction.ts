/** Removes a secret from texts that a remote server wrote. */
export class Redaction {
  readonly #secret: string;
  /** Every run of `runLength` letters and digits of the secret. */
  readonly #runs = new Set<string>();
  readonly #runLength: number;

  constructor(secret: string) {
    this.#secret = secret;
    const letters = squeeze(secret);
    this.#runLength = Math.min(longestRun, letters.length);
    if (letters.length < shortestTrace) return;
    for (let start = 0; start + this.#runLength <= letters.length; start++) {
      this.#runs.add(letters.slice(start, start + this.#runLength));
    }
  }

  /**
   * Returns the text without the secret. Undefined if a part of the secret may remain: cut, split or
   * in another encoding.
   */
  of(text: string): string | undefined {
    const rest = text.replaceAll(this.#secret, "…");
    return this.#isTracedIn(rest) ? undefined : rest;
  }

  #isTracedIn(text: string): boolean {
    if (this.#runs.size === 0) return false;
    for (const view of viewsOf(text)) {
      const letters = squeeze(view);
      for (let start = 0; start + this.#runLength <= letters.length; start++) {
        if (this.#runs.has(letters.slice(start, start + this.#runLength))) return true;
      }
    }
    return false;
  }
}

// Letters and digits of the secret that count as a trace. Texts contain shorter runs by chance.
const longestRun = 8;
// A secret with fewer letters and digits is only searched as a whole.
const shortestTrace = 6;
// How often a text is decoded, because an encoded text can be encoded again.
const layers = 2;

const decoders: readonly ((text: string) => string)[] = [
  (text) => text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => fromCode(code, 16)),
  (text) =>
    text
      .replace(
        /\\u\{?0*([0-9a-f]{2})\}?|\\x([0-9a-f]{2})/gi,
        (_, unicode?: string, byte?: string) => fromCode(unicode ?? byte ?? "", 16),
      )
      .replace(/\\([0-7]{3})/g, (_, code: string) => fromCode(code, 8)),
  (text) =>
    text
      .replace(/&#x0*([0-9a-f]{2});?/gi, (_, code: string) => fromCode(code, 16))
      .replace(/&#0*(\d{2,3});?/g, (_, code: string) => fromCode(code, 10)),
  (text) => decodeRuns(text, /[\w+/-]{8,}/g, "base64", 4),
  (text) => decodeRuns(text, /[0-9a-f]{12,}/gi, "hex", 2),
];

/** Returns the text and its decoded forms. */
function viewsOf(text: string): ReadonlySet<string> {
  const views = new Set([text]);
  let latest = [text];
  for (let layer = 0; layer < layers; layer++) {
    latest = latest.flatMap((view) => decoders.map((decode) => decode(view)));
    for (const view of latest) views.add(view);
  }
  return views;
}

/** Decodes runs of a pattern at each alignment, because a secret can start anywhere in a run. */
function decodeRuns(
  text: string,
  pattern: RegExp,
  encoding: "base64" | "hex",
  alignments: number,
): string {
  const decoded: string[] = [];
  for (const [run] of text.replace(/[\s:]+/g, "").matchAll(pattern)) {
    for (let start = 0; start < alignments; start++) {
      decoded.push(Buffer.from(run.slice(start), encoding).toString("latin1"));
    }
  }
  return decoded.join(" ");
}

function fromCode(digits: string, radix: number): string {
  return String.fromCharCode(Number.parseInt(digits, radix) & 0xff);
}

/** Keeps only letters and digits, so that separators inside a secret do not hide it. */
function squeeze(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "");
}
