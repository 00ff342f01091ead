import { execFileSync } from "node:child_process";
import {
  lstatSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

const folder = temporaryFolder();
const file = join(folder, "repository.prefix");
const prefix = "def add(a, b):\n    return a + b\n\n\n".repeat(20);
const greedy = { temperature: 0, maxTokens: 24 } as const;

describe("a saved prefix", () => {
  const model = useTinyModel({ parallel: 1, speculation: false });

  test("restores in another engine without prefill and gives the same text", async () => {
    const question = `${prefix}def subtract(a, b):`;
    const saved = await model.llama.savePrefix(file, prefix);
    expect(saved.tokens).toBe(model.llama.countTokens(prefix, { bos: true }));
    expect(saved.bytes).toBe(readFileSync(file).length);
    expect(readdirSync(folder)).toEqual(["repository.prefix"]);
    const computed = await model.llama.generate(question, greedy);

    const other = await loadTinyModel({ parallel: 1, speculation: false });
    expect(await other.loadPrefix(file)).toEqual(saved);
    const restored = await other.generate(question, greedy);
    expect(restored.usage.cachedTokens).toBeGreaterThan(saved.tokens - 8);
    expect(restored.usage.promptTokens).toBe(computed.usage.promptTokens);
    expect(restored.text).toBe(computed.text);
    expect(other.stats().promptCacheBytes).toBeGreaterThan(saved.tokens * 1000);
    await other.close();
  });

  test("serves only prompts that start with a part of it", async () => {
    const other = await loadTinyModel({ parallel: 2, prefixCache: { maxTokens: 1 } });
    await other.loadPrefix(file);
    const half = await other.generate(`${prefix.slice(0, prefix.length / 2)}x = 1`, greedy);
    expect(half.usage.cachedTokens).toBeGreaterThan(half.usage.promptTokens / 2);
    const foreign = await other.generate("import os\n".repeat(40), greedy);
    // Every prompt starts with the BOS token.
    expect(foreign.usage.cachedTokens).toBeLessThan(2);
    expect(other.stats().kvCellsUsed).toBe(0);
    await other.close();
  });

  test("is rejected if it is damaged, of another model or not a prefix file", async () => {
    const bytes = readFileSync(file);
    const refused = async (name: string, content: Buffer, message: RegExp) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      await expect(model.llama.loadPrefix(path)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      });
    };
    await refused("none", Buffer.from("hello"), /is not a prefix file of this version/);
    await refused("empty", Buffer.alloc(0), /is not a prefix file/);
    const other = Buffer.from(
      bytes.toString("latin1").replace(/"model":"../, '"model":"zz'),
      "latin1",
    );
    await refused("other", other, /was saved with another model/);
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
    await refused("flipped", flipped, /is damaged/);
    const cut = join(folder, "cut");
    writeFileSync(cut, bytes);
    truncateSync(cut, bytes.length - 100);
    await expect(model.llama.loadPrefix(cut)).rejects.toThrow(/is damaged/);
    await expect(model.llama.loadPrefix(join(folder, "missing"))).rejects.toThrow(/cannot be read/);
    await expect(model.llama.savePrefix("", "x")).rejects.toThrow(
      /path must be a file's path \(got ""\)/,
    );
    expect((await model.llama.generate("x", greedy)).finishReason).toBeDefined();
  });

  test("is rejected at once if the path is not a regular file", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const refused = (message: string) => ({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message),
    });
    const { llama } = model;
    await expect(llama.loadPrefix(folder)).rejects.toMatchObject(
      refused(`loadPrefix(): ${folder} cannot be read: it is a folder`),
    );
    await expect(llama.loadPrefix(fifo)).rejects.toMatchObject(refused("it is a FIFO"));
    await expect(llama.loadPrefix("/dev/zero")).rejects.toMatchObject(refused("it is a device"));
    for (const path of [folder, fifo, "/dev/null"]) {
      await expect(llama.savePrefix(path, prefix)).rejects.toMatchObject(
        refused(`savePrefix(): ${path} cannot be written: it is a`),
      );
    }
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("of an impossible size is rejected before it is read", async () => {
    const bytes = readFileSync(file);
    const size = Number.parseInt(bytes.subarray(24, 32).toString(), 16);
    const header = JSON.parse(bytes.subarray(32, 32 + size).toString());
    const sparse = async (name: string, fields: object, length: (json: string) => number) => {
      const path = join(folder, name);
      const json = JSON.stringify({ ...header, ...fields });
      const digits = json.length.toString(16).padStart(8, "0");
      writeFileSync(path, `node-codellama prefix 1\n${digits}${json}`);
      truncateSync(path, length(json));
      await expect(model.llama.loadPrefix(path)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("is damaged"),
      });
    };
    const stateBytes = 2 ** 40;
    const state = (json: string) => 32 + json.length + 4 * header.tokens + stateBytes;
    await sparse("large state", { stateBytes }, state);
    const padding = 2 ** 30;
    const path = join(folder, "large header");
    writeFileSync(path, `node-codellama prefix 1\n${padding.toString(16).padStart(8, "0")}{`);
    truncateSync(path, 2 ** 31);
    await expect(model.llama.loadPrefix(path)).rejects.toThrow(/is damaged/);
    await sparse("other counts", { tokens: 1.5 }, (json) => 32 + json.length);
    await sparse("no counts", { tokens: -1 }, (json) => 32 + json.length);
    await sparse("cut", {}, (json) => 32 + json.length);
  });

  test("is saved through a link, and a failed save leaves no file", async () => {
    const link = join(folder, "link.prefix");
    symlinkSync("linked.prefix", link);
    const saved = await model.llama.savePrefix(link, prefix);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(await model.llama.loadPrefix(join(folder, "linked.prefix"))).toEqual(saved);
    const none = join(folder, "none", "file");
    await expect(model.llama.savePrefix(none, prefix)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test("is computed again if the KV cache has another type", async () => {
    const other = await loadTinyModel({ kvCacheType: "q8_0" });
    await other.loadPrefix(file);
    const { usage, text } = await other.generate(`${prefix}def subtract(a, b):`, greedy);
    expect(text).not.toBe("");
    expect(usage.completionTokens).toBeGreaterThan(0);
    expect(other.stats().promptCacheBytes).toBe(0);
    await other.close();
  });

  test("with other rope options is rejected", async () => {
    const other = await loadTinyModel({ rope: { base: 5e5 } });
    await expect(other.loadPrefix(file)).rejects.toThrow(/was saved with other rope options/);
    await other.close();
  });

  test("of a differently divided KV cache is rejected", async () => {
    const other = await loadTinyModel({ parallel: 4, contextSize: 8192, kvUnified: false });
    await expect(other.loadPrefix(file)).rejects.toThrow(
      /a KV cache shared by all, and this one is divided in 4 \(kvUnified, parallel\)/,
    );
    const divided = join(folder, "divided.prefix");
    await other.savePrefix(divided, prefix);
    const question = `${prefix}def subtract(a, b):`;
    const computed = await other.generate(question, greedy);
    await other.close();
    const same = await loadTinyModel({ parallel: 4, contextSize: 8192, kvUnified: false });
    await same.loadPrefix(divided);
    const restored = await same.generate(question, greedy);
    expect(restored.usage.cachedTokens).toBeGreaterThan(restored.usage.promptTokens - 20);
    expect(restored.text).toBe(computed.text);
    await same.close();
  });

  test("larger than the context window is rejected", async () => {
    const small = await loadTinyModel({ contextSize: 256 });
    await expect(small.loadPrefix(file)).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
    await small.close();
  });
});

describe("promptCacheBytes", () => {
  test("keeps prefixes that do not fit into the KV cache", async () => {
    const llama = await loadTinyModel({
      parallel: 1,
      contextSize: 512,
      prefixCache: { maxTokens: 256 },
      promptCacheBytes: 64 * 2 ** 20,
    });
    const text = (name: string) => `class ${name}:\n${"    value = 1\n".repeat(30)}`;
    const first = await llama.generate(text("A"), greedy);
    for (const name of ["B", "C", "D"]) await llama.generate(text(name), greedy);
    expect(llama.stats().promptCacheBytes).toBeGreaterThan(0);
    const again = await llama.generate(text("A"), greedy);
    expect(again.usage.cachedTokens).toBeGreaterThan(again.usage.promptTokens - 40);
    expect(again.text).toBe(first.text);
    expect(llama.stats().kvCellsUsed).toBe(0);
    await llama.close();
  });

  test("is never exceeded", async () => {
    const promptCacheBytes = 2 ** 21;
    const llama = await loadTinyModel({ contextSize: 512, promptCacheBytes });
    for (let i = 0; i < 12; i++) {
      await llama.generate(`x${i} = ${i}\n`.repeat(30), { ...greedy, maxTokens: 1 });
      expect(llama.stats().promptCacheBytes).toBeLessThanOrEqual(promptCacheBytes);
    }
    await llama.close();
  });
});
