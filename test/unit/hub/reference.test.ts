import { describe, expect, test } from "vitest";
import { isModelUri, parseReference } from "../../../lib/hub/reference.ts";

const parse = (text: string) => parseReference(text, "test()");
const repository = { kind: "hugging-face", repository: "org/repo", revision: "main" };

test.each(["model.gguf", "./codellama:7b", "C:\\models\\a.gguf", "/models/hf/a.gguf", "org/repo"])(
  "%s is a path",
  (path) => {
    expect(isModelUri(path)).toBe(false);
    expect(parse(path)).toEqual({ kind: "path", path });
  },
);

describe("hf:", () => {
  test.each([
    ["hf:org/repo", {}],
    ["hf://org/repo", {}],
    ["HF:org/repo:Q4_K_M", { quantisation: "Q4_K_M" }],
    ["hf:org/repo@v1.0", { revision: "v1.0" }],
    ["hf:org/repo:q8_0@refs/pr/1", { quantisation: "q8_0", revision: "refs/pr/1" }],
    ["hf:org/repo/a.gguf", { file: "a.gguf" }],
    ["hf:org/repo/sub/a b.gguf@main", { file: "sub/a b.gguf" }],
    ["https://huggingface.co/org/repo/blob/main/sub/a.gguf", { file: "sub/a.gguf" }],
    [
      "https://huggingface.co/org/repo/resolve/v2/a.gguf?download=true",
      { file: "a.gguf", revision: "v2" },
    ],
  ])("%s", (uri, parts) => {
    expect(isModelUri(uri)).toBe(true);
    expect(parse(uri)).toEqual({
      file: undefined,
      quantisation: undefined,
      ...repository,
      ...parts,
    });
  });

  test.each([
    "hf:",
    "hf:org",
    "hf:org/",
    "hf:/repo",
    "hf:org/repo/",
    "hf:org/repo:",
    "hf:org/repo@",
    "hf:org/repo:a:b",
    "hf:org/re--po",
    "hf:../repo",
    "hf:org/..",
    "hf:org/repo/model.bin",
    "hf:org/repo/../a.gguf",
    "hf:org/repo//a.gguf",
    "hf:org/repo/a\\b.gguf",
    "hf:org/repo@../main",
    "hf:org/repo@a@b",
    `hf:org/${"r".repeat(97)}`,
  ])("%s is refused", (uri) => {
    expect(() => parse(uri)).toThrow(/^test\(\): "hf:.*must be hf:org\/repo/s);
  });
});

describe("https:", () => {
  test("takes a hash after #", () => {
    const hash = "A".repeat(64);
    expect(parse(`https://example.com/a.gguf?x=1#sha256=${hash}`)).toEqual({
      kind: "url",
      url: "https://example.com/a.gguf?x=1",
      sha256: hash.toLowerCase(),
    });
  });

  test.each([
    ["https://", "must be complete"],
    ["https://user:secret@example.com/a.gguf", "no user and no password"],
    ["http://example.com/a.gguf?key=secret", "must begin with https://"],
    ["https://example.com/a.gguf#md5=secret", "sha256= and 64 hexadecimal digits"],
  ])("%s is refused without a secret in the message", (url, message) => {
    expect(() => parse(url)).toThrow(message);
    expect(() => parse(url)).not.toThrow("secret");
  });

  test.each(["http://127.0.0.1:8000/a.gguf", "http://[::1]/a.gguf", "http://localhost/a.gguf"])(
    "%s needs no encryption",
    (url) => {
      expect(parse(url)).toEqual({ kind: "url", url, sha256: undefined });
    },
  );
});

describe("ollama:", () => {
  const standard = { kind: "ollama", host: "registry.ollama.ai", namespace: "library" };

  test.each([
    ["ollama:codellama", { ...standard, name: "codellama", tag: "latest" }],
    ["ollama:codellama:7b-code", { ...standard, name: "codellama", tag: "7b-code" }],
    ["ollama:me/model:q4", { ...standard, namespace: "me", name: "model", tag: "q4" }],
    [
      "ollama:host:1234/me/model",
      { ...standard, host: "host:1234", namespace: "me", name: "model", tag: "latest" },
    ],
  ])("%s", (uri, reference) => {
    expect(parse(uri)).toEqual(reference);
  });

  test.each(["ollama:", "ollama:a/b/c/d", "ollama:../x", "ollama:a/..", "ollama:x:..", "ollama: "])(
    "%s is refused",
    (uri) => {
      expect(() => parse(uri)).toThrow("must be ollama:name");
    },
  );
});

describe("codellama:", () => {
  test("takes a quantisation", () => {
    const reference = { kind: "catalogue", name: "codellama:7b-instruct" };
    expect(parse("codellama:7b-instruct")).toEqual({ ...reference, quantisation: undefined });
    expect(parse("CodeLlama:7B-Instruct:Q8_0")).toEqual({ ...reference, quantisation: "Q8_0" });
  });

  test.each(["codellama:", "codellama:7b:Q8_0:x", "codellama:7b/../x"])("%s is refused", (name) => {
    expect(() => parse(name)).toThrow("must be codellama:SIZE");
  });
});
