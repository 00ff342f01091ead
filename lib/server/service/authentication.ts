import { createHash, timingSafeEqual } from "node:crypto";
import { HttpError } from "../http/http-error.ts";
import type { ApiKey } from "./api-key.ts";

/** Checks the API keys of requests. */
export class Authentication {
  readonly #keys: readonly { readonly name: string; readonly digest: Buffer }[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map(({ name, key }) => ({ name, digest: digestOf(key) }));
  }

  /**
   * Name of the request's API key, or `"anonymous"` if the server requires no keys.
   * @throws HttpError 401
   */
  nameOf(headers: Headers): string {
    if (this.#keys.length === 0) return "anonymous";
    const bearer = /^Bearer\s+(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    const given = bearer ?? headers.get("x-api-key") ?? "";
    const digest = digestOf(given);
    // Comparing digests of equal length with every key keeps the time independent of the keys.
    const [match] = this.#keys.filter((key) => timingSafeEqual(key.digest, digest));
    if (match !== undefined) return match.name;
    throw new HttpError(
      401,
      "INVALID_API_KEY",
      given === ""
        ? "an API key is required: send the header Authorization: Bearer KEY"
        : "the API key is not valid",
      { headers: { "www-authenticate": "Bearer" } },
    );
  }
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
