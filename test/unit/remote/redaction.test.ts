import { describe, expect, test } from "vitest";
import { Redaction } from "../../../lib/remote/redaction.ts";
import { RemoteErrors } from "../../../lib/remote/remote-error.ts";

const key = "sk-live_9fQ2/xT+7bLmZ0aWcR4=";
const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
const base64 = (text: string) => Buffer.from(text).toString("base64");
const escaped = (text: string, form: (code: number) => string) =>
  Array.from(text, (sign) => form(sign.charCodeAt(0))).join("");

describe("a key that a remote repeats", () => {
  const redaction = new Redaction(key);

  test("unchanged is removed, and the rest of the text is shown", () => {
    expect(redaction.of(`bad key ${key}, again ${key}!`)).toBe("bad key …, again …!");
    expect(redaction.of("the model is loading")).toBe("the model is loading");
  });

  test.each<[string, string]>([
    ["its beginning", `no such key: ${key.slice(0, 14)}`],
    ["its end", `no such key: …${key.slice(-14)}`],
    ["in capitals", key.toUpperCase()],
    ["split by spaces", key.split("").join(" ")],
    ["split over lines", `${key.slice(0, 9)}\n${key.slice(9)}`],
    ["split by invisible characters", key.split("").join("\u200b")],
    ["URL-encoded", encodeURIComponent(key)],
    ["every byte URL-encoded", escaped(key, (code) => `%${code.toString(16)}`)],
    ["JSON-escaped", escaped(key, (code) => `\\u${code.toString(16).padStart(4, "0")}`)],
    ["with bytes escaped", escaped(key, (code) => `\\x${code.toString(16)}`)],
    ["as HTML", escaped(key, (code) => `&#${code};`)],
    ["as hexadecimal HTML", escaped(key, (code) => `&#x${code.toString(16)};`)],
    ["in base64", base64(key)],
    ["in base64 after one byte", base64(`a${key}`)],
    ["in base64 after two bytes", base64(`ab${key}`)],
    ["in base64 of a header", `Authorization was ${base64(`Bearer ${key}`)}`],
    ["in base64 for URLs", Buffer.from(key).toString("base64url")],
    ["in base64 of two lines", base64(`Bearer ${key}`).replace(/^(.{20})/, "$1\r\n")],
    ["in base64 inside base64", base64(base64(key))],
    ["in hexadecimal", Buffer.from(`x${key}`).toString("hex")],
    ["URL-encoded base64", encodeURIComponent(base64(`Bearer ${key}`))],
  ])("%s is not shown", (_, text) => {
    expect(redaction.of(text)).toBeUndefined();
  });

  test("is searched before the message is shortened", () => {
    const errors = new RemoteErrors("http://127.0.0.1:1", key);
    for (let start = 270; start <= 300; start++) {
      const { message } = errors.answered({ message: `${"-".repeat(start)}${key}` }, 500);
      expect(letters(message)).not.toContain(letters(key).slice(0, 8));
      expect(message).not.toContain(key.slice(0, 4));
    }
  });

  test("with few letters is only removed as a whole", () => {
    expect(new Redaction("EMPT").of("the list is empty: EMPT")).toBe("the list is empty: …");
  });
});

test("shows a remote's text as one short line without control characters", () => {
  const errors = new RemoteErrors("http://127.0.0.1:1", undefined);
  expect(errors.quote("a\u001b[31mred\r\nb\u202ec")).toBe("a [31mred b c");
  expect(errors.quote("x".repeat(100_000))).toBe(`${"x".repeat(300)}…`);
});
