import { describe, expect, test } from "vitest";
import { CodeLlamaError } from "../../../lib/index.ts";
import { type GenerateOptions, generateTable } from "../../../lib/options/generate.ts";
import { checkLoadOptions, nativeLoadOptions } from "../../../lib/options/load.ts";
import { nearestName } from "../../../lib/options/nearest-name.ts";
import { checkCall, requestOptions } from "../../../lib/options/request.ts";

const engine = { model: { vocabularySize: 32016 }, loras: [{ name: "sql" }] };

function readRequest(options: GenerateOptions) {
  const checked = checkCall(options, generateTable, "generate()");
  return requestOptions(checked, generateTable, engine, "generate()");
}

function generateError(options: unknown): CodeLlamaError {
  return errorOf(() => readRequest(options as object));
}

function loadError(options: unknown, path: unknown = "model.gguf"): CodeLlamaError {
  return errorOf(() => nativeLoadOptions(path, checkLoadOptions(options as object)));
}

function errorOf(call: () => unknown): CodeLlamaError {
  try {
    call();
  } catch (error) {
    if (CodeLlamaError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("generate() rejects", () => {
  test.each<[string, object, RegExp]>([
    [
      "a negative length",
      { maxTokens: -1 },
      /maxTokens must be a whole number between 0 and .*\(got -1\)/,
    ],
    ["a fraction of a token", { maxTokens: 1.5 }, /maxTokens must be a whole number/],
    ["a number as a string", { maxTokens: "5" }, /maxTokens must be .* \(got "5"\)/],
    ["a temperature below 0", { temperature: -0.1 }, /temperature must be between 0 and 100/],
    ["a temperature of NaN", { temperature: Number.NaN }, /temperature must be .* \(got NaN\)/],
    ["an infinite temperature", { temperature: Infinity }, /temperature .* \(got Infinity\)/],
    ["topP above 1", { topP: 1.01 }, /topP must be between 0 and 1 \(got 1.01\)/],
    ["topK below 0", { topK: -1 }, /topK must be/],
    ["minP above 1", { minP: 2 }, /minP must be/],
    ["typicalP above 1", { typicalP: 2 }, /typicalP must be/],
    ["a repeat penalty of 0", { repeatPenalty: 0 }, /repeatPenalty must be between 0.01/],
    ["a huge frequency penalty", { frequencyPenalty: 1e3 }, /frequencyPenalty must be/],
    ["a huge presence penalty", { presencePenalty: -1e3 }, /presencePenalty must be/],
    ["a penalty window below -1", { penaltyLastN: -2 }, /penaltyLastN must be/],
    ["a seed below 0", { seed: -1 }, /seed must be a whole number between 0 and 4294967294/],
    ["llama.cpp's value for a random seed", { seed: 0xffffffff }, /seed must be/],
    ["an empty stop string", { stop: "" }, /stop must be a non-empty string/],
    ["an empty stop string in a list", { stop: ["x", ""] }, /stop must be/],
    [
      "too many stop strings",
      { stop: Array(65).fill("x") },
      /stop must be .*\(got an array of 65\)/,
    ],
    ["an unknown priority", { priority: "high" }, /"interactive", "normal" or "background"/],
    ["an object that is not an AbortSignal", { signal: {} }, /signal must be an AbortSignal/],
    ["dry without a multiplier", { dry: { base: 2 } }, /dry: multiplier is missing/],
    ["a number as dry", { dry: 3 }, /dry: options must be an object \(got 3\)/],
    ["an unknown option of dry", { dry: { multiplier: 1, length: 1 } }, /dry: unknown option/],
    ["xtc without a probability", { xtc: {} }, /xtc: probability is missing/],
    ["xtc above 1", { xtc: { probability: 2 } }, /xtc: probability must be/],
    ["mirostat without a version", { mirostat: { tau: 3 } }, /mirostat: version is missing/],
    ["mirostat 3", { mirostat: { version: 3 } }, /mirostat: version must be 1 or 2 \(got 3\)/],
    [
      "a bias for no token",
      { logitBias: { 32016: 1 } },
      /logitBias: token id .* 32015 \(got "32016"\)/,
    ],
    ["a bias for a word", { logitBias: { hello: 1 } }, /logitBias: token id .*\(got "hello"\)/],
    [
      "a bias of NaN",
      { logitBias: { 5: Number.NaN } },
      /logitBias\[5\] must be between -Infinity and 1000000/,
    ],
    ["a string as a bias", { logitBias: new Map([[5, "x"]]) }, /logitBias\[5\] must be/],
    ["a bias that is an array", { logitBias: [1] }, /logitBias must be an object or Map/],
    [
      "an unknown option",
      { temprature: 1 },
      /unknown option "temprature"; did you mean "temperature"/,
    ],
    ["a name from another API", { max_tokens: 1 }, /did you mean "maxTokens"/],
    ["a name unlike any option", { qqqqqqqq: 1 }, /known options are maxTokens, /],
    ["an own property __proto__", JSON.parse('{"__proto__": 1}'), /unknown option "__proto__"/],
  ])("%s", (_, options, message) => {
    const error = generateError(options);
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toMatch(message);
    expect(error.message).toContain("generate()");
  });

  test.each([null, 5, "text", []])("options that are %j", (options) => {
    expect(generateError(options).message).toContain("options must be an object");
  });
});

test("undefined options count as absent", () => {
  expect(() =>
    requestOptions({ topP: undefined } as object, generateTable, engine, "generate()"),
  ).not.toThrow();
});

describe("CodeLlama.load() rejects", () => {
  test.each<[string, object, RegExp]>([
    ["a context of 0", { contextSize: 0 }, /contextSize must be a whole number between 8/],
    ["a context beyond 2^31", { contextSize: 2 ** 31 }, /contextSize must be/],
    ["no sequences", { parallel: 0 }, /parallel must be a whole number between 1 and 256/],
    ["257 sequences", { parallel: 257 }, /parallel must be/],
    ["an empty batch", { batchSize: 0 }, /batchSize must be/],
    ["no threads", { threads: 0 }, /threads must be a whole number between 1 and 512/],
    ["negative GPU layers", { gpuLayers: -1 }, /gpuLayers must be .* or "auto" \(got -1\)/],
    [
      "an unknown split",
      { splitMode: "rows" },
      /splitMode must be "none", "layer", "row" or "tensor"/,
    ],
    ["a main GPU of -1", { mainGpu: -1 }, /mainGpu must be a whole number between 0 and 15/],
    ["a number as tensorSplit", { tensorSplit: 2 }, /tensorSplit must be an array of at most 16/],
    [
      "a split of nothing",
      { tensorSplit: [0, 0] },
      /tensorSplit must be .* above 0 \(got an array of 2\)/,
    ],
    ["a negative part", { tensorSplit: [1, -1] }, /tensorSplit must be/],
    ["a part that is NaN", { tensorSplit: [1, Number.NaN] }, /tensorSplit must be/],
    ["17 parts", { tensorSplit: Array(17).fill(1) }, /tensorSplit must be an array of at most 16/],
    ["a string as devices", { devices: "CUDA0" }, /devices must be an array of at most 16/],
    ["a device without a name", { devices: [""] }, /devices\[0\] must be .* a non-empty string/],
    ["device -1", { devices: ["CPU", -1] }, /devices\[1\] must be a whole number between 0/],
    ["an unknown cache type", { kvCacheType: "q3" }, /kvCacheType must be "f32", .* \(got "q3"\)/],
    ["an unknown cache type of K", { kvCacheType: { k: "q3" } }, /kvCacheType: k must be/],
    [
      "a quantised V cache without flash attention",
      { kvCacheType: "q8_0", flashAttention: false },
      /V cache of type "q8_0" needs flash attention/,
    ],
    ["a string as prefixCache", { prefixCache: "on" }, /prefixCache must be true or false/],
    [
      "a prefix cache of nothing",
      { prefixCache: { maxTokens: 0 } },
      /prefixCache: maxTokens must be a whole number between 1/,
    ],
    ["a string as speculation", { speculation: "on" }, /speculation must be true or false/],
    ["a draft of 65", { speculation: { maxDraft: 65 } }, /speculation: maxDraft must be a whole/],
    ["a string as rope", { rope: "yarn" }, /rope: options must be an object \(got "yarn"\)/],
    ["a RoPE base of 1", { rope: { base: 1 } }, /rope: base must be between 2 .*\(got 1\)/],
    ["a RoPE scale of 0", { rope: { scale: 0 } }, /rope: scale must be between 0.0001 and 1/],
    ["a RoPE scale of NaN", { rope: { scale: Number.NaN } }, /rope: scale must be .*\(got NaN\)/],
    ["longrope", { rope: { type: "longrope" } }, /rope: type must be "none", "linear" or "yarn"/],
    [
      "a RoPE scale with type none",
      { rope: { type: "none", scale: 0.5 } },
      /rope: scale must be left out/,
    ],
    [
      "yarn options with another RoPE type",
      { rope: { type: "linear", yarn: {} } },
      /rope: yarn must be left out/,
    ],
    ["a boolean as yarn", { rope: { yarn: true } }, /rope: yarn: options must be an object/],
    [
      "an unknown option of yarn",
      { rope: { yarn: { betafast: 1 } } },
      /rope: yarn: unknown option "betafast"; did you mean "betaFast"/,
    ],
    [
      "an original context of 0",
      { rope: { yarn: { origContext: 0 } } },
      /rope: yarn: origContext must be a whole number between 1/,
    ],
    [
      "an attention factor that llama.cpp would not use",
      { rope: { yarn: { attnFactor: 2 } } },
      /rope: yarn: attnFactor needs extFactor: 0 \(got undefined\)/,
    ],
    [
      "YaRN's borders the wrong way round",
      { rope: { yarn: { betaFast: 1, betaSlow: 32 } } },
      /rope: yarn: betaSlow must be below betaFast, which is 1 \(got 32\)/,
    ],
    ["a string as useMmap", { useMmap: "yes" }, /useMmap must be true or false/],
    ["a string as loras", { loras: "a.gguf" }, /loras must be an array/],
    ["a LoRA without a path", { loras: [{}] }, /loras\[0\]: path is missing/],
    [
      "a string as a LoRA's scale",
      { loras: [{ path: "a", scale: "1" }] },
      /loras\[0\]: scale must be/,
    ],
    ["a number as a callback", { onProgress: 1 }, /onProgress must be a function/],
    ["an unknown option", { context: 5 }, /unknown option "context"/],
  ])("%s", (_, options, message) => {
    const error = loadError(options);
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toMatch(message);
  });

  test.each([null, "", 5, "a\0b"])("the path %j", (path) => {
    expect(loadError({}, path).message).toContain("path must be a string");
  });

  test("a URL, and says how to get its path", () => {
    const { message } = loadError({}, new URL("file:///model.gguf"));
    expect(message).toMatch(
      /path must be a string \(got .*\); pass fileURLToPath\(url\) of node:url$/,
    );
  });
});

test("error messages do not contain the user's whole text", () => {
  const secret = "x".repeat(1000);
  expect(generateError({ priority: secret }).message.length).toBeLessThan(200);
});

test.each([
  ["topk", "topK"],
  ["top_p", "topP"],
  ["maxToken", "maxTokens"],
  ["stops", "stop"],
  ["elephant", undefined],
])("the name nearest to %s is %s", (name, nearest) => {
  expect(nearestName(name, ["topK", "topP", "maxTokens", "stop"])).toBe(nearest);
});
