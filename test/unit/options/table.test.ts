import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chatTable } from "../../../lib/options/chat.ts";
import { connectTable } from "../../../lib/options/connect.ts";
import { generateTable } from "../../../lib/options/generate.ts";
import { infillTable } from "../../../lib/options/infill.ts";
import { checkLoadOptions, loadTable, nativeLoadOptions } from "../../../lib/options/load.ts";
import { checkCall, requestOptions } from "../../../lib/options/request.ts";
import { sendTable, sessionTable } from "../../../lib/options/session.ts";
import type { AnyEntry, AnyTable } from "../../../lib/options/table.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const engine = { model: { vocabularySize: 32_016 }, loras: [{ name: "sql" }] };

/** Every entry of a table and of the tables inside, with its path. */
function entries(table: AnyTable, prefix = ""): readonly (readonly [string, AnyEntry])[] {
  return Object.entries(table).flatMap(([name, entry]) => [
    [prefix + name, entry] as const,
    ...entries((entry.options ?? {}) as AnyTable, `${prefix}${name}.`),
  ]);
}

const tables: Readonly<Record<string, AnyTable>> = {
  generate: generateTable,
  infill: infillTable,
  chat: chatTable,
  send: sendTable,
  session: sessionTable,
  load: loadTable,
  connect: connectTable,
};

describe.each(Object.entries(tables))("the option table of %s", (_, table) => {
  test.each(entries(table))("%s has a short documentation line", (_name, { doc }) => {
    expect(doc.length).toBeLessThan(60);
    expect(doc).toMatch(/^[a-z].*[^.]$/);
  });

  const withDefault = entries(table).filter(([, entry]) => entry.default !== undefined);
  test.each(withDefault)("%s accepts its own default", (_name, { rule, default: value }) => {
    expect(rule?.accepts(value)).toBe(true);
  });
});

describe("native/addon/option_reader.cc", () => {
  const source = read("native/addon/option_reader.cc");
  const bodyOf = (name: string) =>
    source.split(new RegExp(`^\\w+ ${name}\\(`, "m"))[1]?.split("\n}\n")[0];
  const readNames = (name: string) =>
    [...(bodyOf(name) ?? "").matchAll(/\w+\.(?:Read|Nested|Each|Get)\("(\w+)"/g)].map(
      ([, property]) => property,
    );
  const all = {
    maxTokens: 1,
    temperature: 1,
    topP: 1,
    topK: 1,
    minP: 1,
    typicalP: 1,
    repeatPenalty: 1,
    frequencyPenalty: 1,
    presencePenalty: 1,
    penaltyLastN: 1,
    dry: { multiplier: 1, base: 1, allowedLength: 1, lastN: 1, sequenceBreakers: ["x"] },
    xtc: { probability: 1, threshold: 1 },
    mirostat: { version: 1, tau: 1, eta: 1 },
    logitBias: { 1: 1 },
    seed: 1,
    stop: "x",
    stopRegex: "x",
    stopAt: "fence",
    stopTokens: [1],
    prefixCache: true,
    repetition: { maxRepeats: 1 },
    n: 1,
    bestOf: 1,
    beams: 2,
    lengthPenalty: 1,
    logprobs: 1,
    promptLogprobs: true,
    loras: { sql: 1 },
    priority: "normal",
    maxPromptTokens: 1,
    overflow: "error",
    mode: "completion",
    timeoutMs: 1,
    tokenHealing: true,
    special: true,
    ignoreEos: true,
    jsonSchema: {},
    compact: true,
    lenient: true,
    signal: new AbortController().signal,
  } as const satisfies Record<Exclude<keyof typeof generateTable, "grammar" | "regex">, unknown>;
  const allOfLoad = {
    contextSize: 8,
    parallel: 1,
    maxQueue: 1,
    batchSize: 1,
    microBatchSize: 1,
    threads: 1,
    prefillThreads: 1,
    gpuLayers: 0,
    splitMode: "none",
    tensorSplit: [1],
    mainGpu: 0,
    devices: [],
    kvCacheType: "f16",
    rope: {},
    flashAttention: true,
    kvUnified: true,
    prefixCache: { maxTokens: 1 },
    promptCacheBytes: 1,
    speculation: { maxDraft: 1, adaptive: true },
    draftModel: "draft.gguf",
    useMmap: true,
    useMlock: true,
    repack: true,
    warmup: true,
    vocabularyOnly: true,
    loras: [{ path: "lora.gguf" }],
    capabilities: { infill: true, chat: true, python: true, chatFormat: "template" },
    onDownload: () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
  } as const satisfies Record<keyof typeof loadTable, unknown>;

  test("reads every native property that the options of load() become", () => {
    const native = nativeLoadOptions("model.gguf", checkLoadOptions(allOfLoad as object));
    const known = new Set([...readNames("ReadModelOptions"), ...readNames("ReadContextOptions")]);
    // `scale` and `path` belong to an adapter.
    expect([...known].toSorted()).toEqual([...Object.keys(native), "path", "scale"].toSorted());
  });

  test("reads every native property that the options of generate() become", () => {
    const checked = checkCall(all as object, generateTable, "generate()");
    const { structure, patterns, ...request } = requestOptions(
      checked,
      generateTable,
      engine,
      "generate()",
    );
    const nested = [...Object.keys(all.dry), ...Object.keys(all.xtc), ...Object.keys(all.mirostat)];
    // Set by lib/modes and lib/engine, not by an option.
    const search = ["beamSearch", "beams", "n", "lengthPenalty"];
    const compiled = ["grammar", "stopPatterns", "dedentBelow"];
    const others = ["id", "prompt", "group", "embedding", "promptState", ...compiled, ...search];
    const readers = ["ReadRequest", "ReadStopConditions", "ReadSampling"];
    const known = new Set(readers.flatMap(readNames));
    expect([...known].toSorted()).toEqual(
      [...Object.keys(request), ...nested, ...others].toSorted(),
    );
  });
});

describe("native/engine/base/options.h", () => {
  const header = read("native/engine/base/options.h");
  const snakeCase = (name: string) =>
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const written = ({ native, default: value }: AnyEntry) =>
    native === "same" && /number|boolean/.test(typeof value);
  const defaults = [...Object.entries(generateTable), ...Object.entries(loadTable)].filter(
    ([, entry]) => written(entry),
  ) as readonly (readonly [string, AnyEntry])[];

  test.each(defaults)("has the table's default of %s", (name, entry) => {
    const value = new RegExp(` ${snakeCase(name)} = (-?[\\d.]+|true|false)F?;`).exec(header)?.[1];
    expect(JSON.parse(`${value}`)).toBe(entry.default);
  });
});

test("send() rejects the options of several answers", () => {
  for (const name of ["n", "bestOf", "beams", "lengthPenalty", "overflow"]) {
    expect(() => checkCall({ [name]: 2 }, sendTable, "send()")).toThrow(`unknown option "${name}"`);
  }
});

test("a call sends its own defaults and leaves generate()'s to the addon", () => {
  const sent = (table: AnyTable) => requestOptions({}, table, engine, "call()");
  expect(sent(chatTable)).toMatchObject({ temperature: 0.6, topP: 0.9 });
  expect(sent(infillTable)).toMatchObject({ maxTokens: 512 });
  expect(sent(infillTable)).not.toHaveProperty("tokenHealing");
  expect(sent(generateTable)).not.toHaveProperty("temperature");
});
