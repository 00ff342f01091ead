import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { modelPath } from "codellama-tiny";
import { describe, expect, test } from "vitest";
import { CodeLlama, type DownloadProgress, inspectModel, pullModel } from "../../../lib/index.ts";
import { useLoopbackHub } from "../../helpers/hub-home.ts";
import { loadTinyModel } from "../../helpers/tiny-model.ts";

const bytes = readFileSync(modelPath);
const path = basename(modelPath);
const home = useLoopbackHub(() => [{ repository: "me/tiny-GGUF", path, bytes }]);
const uri = "hf:me/tiny-GGUF:Q4_K_M";
const onOneThread = { threads: 1, gpuLayers: 0 } as const;

test("load() fetches a model, tells its progress and generates", async () => {
  const seen: DownloadProgress[] = [];
  const llama = await CodeLlama.load(uri, { ...onOneThread, onDownload: (p) => seen.push(p) });
  try {
    expect(seen.at(-1)).toEqual({ phase: "verify", bytes: bytes.length, total: bytes.length });
    const { text } = await llama.generate("def add(a, b):", { temperature: 0, maxTokens: 8 });
    expect(text).not.toBe("");
  } finally {
    await llama.close();
  }
});

test("load() of a model in the cache sends no request", async () => {
  await pullModel(uri);
  home.hub.requests.length = 0;
  await (await CodeLlama.load(uri, { ...onOneThread, vocabularyOnly: true })).close();
  expect(home.hub.requests).toEqual([]);
});

test("load() takes a URI for the draft model", async () => {
  const llama = await loadTinyModel({ draftModel: uri });
  await llama.close();
  expect(home.hub.transfers.length).toBe(1);
});

test("load() takes a URI for an adapter, and says what is wrong with its file", async () => {
  await expect(loadTinyModel({ loras: [{ path: uri }] })).rejects.toThrow(/adapter/);
  expect(home.hub.transfers.length).toBe(1);
});

test("load() rejects with the signal's reason while it downloads", async () => {
  home.hub.faults.bytesPerSecond = 1_000_000;
  const abort = new AbortController();
  const onDownload = () => abort.abort(new Error("enough"));
  await expect(CodeLlama.load(uri, { onDownload, signal: abort.signal })).rejects.toThrow("enough");
});

test("load() of a repository without hf: says what to write", async () => {
  await expect(CodeLlama.load("me/tiny-GGUF:Q4_K_M")).rejects.toThrow(
    "write hf:me/tiny-GGUF:Q4_K_M",
  );
  await expect(CodeLlama.load("me/tiny.gguf")).rejects.not.toThrow("hf:");
});

test("inspectModel() takes a URI", async () => {
  const { architecture, fileSizeBytes } = await inspectModel(uri);
  expect({ architecture, fileSizeBytes }).toEqual({
    architecture: "llama",
    fileSizeBytes: bytes.length,
  });
});

describe("the option capabilities", () => {
  test("of load() corrects the file", async () => {
    const llama = await loadTinyModel({ vocabularyOnly: true, capabilities: { infill: false } });
    expect(llama.capabilities).toMatchObject({ infill: false, chat: true });
    expect(() => llama.encodeInfill({ prefix: "a", suffix: "b" })).toThrow("says so");
    await llama.close();
  });
});

describe("pullModel()", () => {
  test("returns the path and the size", async () => {
    const pulled = await pullModel(uri);
    expect(pulled.bytes).toBe(bytes.length);
    expect(pulled.path.startsWith(home.cache)).toBe(true);
  });

  test.each([["model.gguf"], [undefined], [7]])("refuses %s", async (name) => {
    await expect(pullModel(name as string)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
