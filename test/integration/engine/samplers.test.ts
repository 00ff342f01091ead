import { describe, expect, test } from "vitest";
import type { GenerateOptions } from "../../../lib/index.ts";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

// These options make the text of a seed reproducible, bit for bit.
const model = useTinyModel({ parallel: 1, prefixCache: false, speculation: false });
const prompt = "def fibonacci(n";

async function tokens(options: GenerateOptions, text = prompt): Promise<number[]> {
  const result = await model.llama.generate(text, { maxTokens: 40, ignoreEos: true, ...options });
  return [...result.tokens];
}

const wild = { temperature: 2, topP: 1 } as const;

describe("options that keep one token give the greedy text at any temperature", () => {
  test.each<[string, GenerateOptions]>([
    ["topK 1", { topK: 1 }],
    ["topP 0", { topP: 0 }],
    ["minP 1", { minP: 1 }],
    ["a very low temperature", { temperature: 1e-4 }],
  ])("%s", async (_, options) => {
    expect(await tokens({ ...wild, ...options })).toEqual(await tokens({ temperature: 0 }));
  });
});

describe("a seed", () => {
  test("gives the same text again", async () => {
    expect(await tokens({ ...wild, seed: 11 })).toEqual(await tokens({ ...wild, seed: 11 }));
  });

  test("gives another text than another seed", async () => {
    expect(await tokens({ ...wild, seed: 11 })).not.toEqual(await tokens({ ...wild, seed: 12 }));
  });

  test("is random by default and reported in the result", async () => {
    const first = await model.llama.generate(prompt, { ...wild, maxTokens: 40, ignoreEos: true });
    const again = await tokens({ ...wild, seed: first.seed });
    expect(again).toEqual([...first.tokens]);
    const second = await model.llama.generate(prompt, { ...wild, maxTokens: 1 });
    expect(second.seed).not.toBe(first.seed);
  });
});

test("topK keeps the k likeliest tokens", async () => {
  const draw = async (topK: number) => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      for (const token of await tokens({ temperature: 100, topP: 1, topK, maxTokens: 1, seed })) {
        seen.add(token);
      }
    }
    return seen.size;
  };
  expect(await draw(3)).toBe(3);
  expect(await draw(0)).toBeGreaterThan(20);
});

test("applies filters after the temperature, like Meta's reference", async () => {
  // At this temperature all 32,016 tokens are about equally likely, so half of them make up topP
  // 0.5. A filter before the temperature would keep only one or two tokens.
  const seen = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    for (const token of await tokens({ temperature: 100, topP: 0.5, maxTokens: 1, seed })) {
      seen.add(token);
    }
  }
  expect(seen.size).toBeGreaterThan(20);
});

describe("logitBias", () => {
  test("forbids a token with -Infinity", async () => {
    const [first] = await tokens({ temperature: 0 });
    const [other] = await tokens({ temperature: 0, logitBias: { [first ?? 0]: -Infinity } });
    expect(other).not.toBe(first);
  });

  test("forces a token with a high value, as an object or a Map", async () => {
    const expected = Array(5).fill(1234);
    const options = { temperature: 0, maxTokens: 5 } as const;
    expect(await tokens({ ...options, logitBias: { 1234: 1000 } })).toEqual(expected);
    expect(await tokens({ ...options, logitBias: new Map([[1234, 1000]]) })).toEqual(expected);
  });
});

describe("if every token is forbidden", () => {
  const everyToken = (bias: number) =>
    new Map(Array.from({ length: model.llama.model.vocabularySize }, (_, token) => [token, bias]));
  const refused = {
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("no token is left to choose"),
  };

  test.each<[string, GenerateOptions]>([
    ["greedy", { temperature: 0 }],
    ["a draw", wild],
    ["mirostat", { mirostat: { version: 2 } }],
    ["XTC", { xtc: { probability: 1 } }],
    ["penalties", { repeatPenalty: 1.1, dry: { multiplier: 1 } }],
  ])("rejects the request: %s", async (_, options) => {
    const logitBias = everyToken(-Infinity);
    await expect(tokens({ ...options, logitBias })).rejects.toMatchObject(refused);
  });

  test("by a grammar and logitBias together, rejects the request", async () => {
    const bytes = (token: number) => Buffer.from(model.llama.tokenBytes(token)).toString("latin1");
    const logitBias = everyToken(0);
    heavy("reads the bytes of every token", () => {
      for (const token of logitBias.keys()) {
        if (bytes(token).startsWith("y")) logitBias.set(token, -Infinity);
      }
    });
    for (const temperature of [0, 1]) {
      const run = tokens({ temperature, logitBias, grammar: 'root ::= "yes"' });
      await expect(run).rejects.toMatchObject(refused);
    }
  });

  test("by ignoreEos and a grammar that allows only the end, rejects the request", async () => {
    // The grammar also allows one byte that the vocabulary can spell, and the bias forbids it.
    const logitBias = everyToken(-Infinity);
    for (const token of model.llama.model.endOfGenerationTokens) logitBias.set(token, 0);
    const run = tokens({ temperature: 0, logitBias, ignoreEos: true, grammar: 'root ::= "a"*' });
    await expect(run).rejects.toMatchObject(refused);
  });

  test("except one, samples that token", async () => {
    const logitBias = everyToken(-Infinity).set(1234, -1e6);
    expect(await tokens({ ...wild, logitBias, maxTokens: 3 })).toEqual([1234, 1234, 1234]);
  });
});

describe("penalties", () => {
  test("look back at most one context window", async () => {
    // 2 ** 31 - 1 tokens would take 8 GB, and twice that for DRY.
    const before = process.resourceUsage().maxRSS;
    const far = 2 ** 31 - 1;
    const options = { temperature: 0, repeatPenalty: 1.2 } as const;
    const dry = { multiplier: 1, lastN: far };
    expect(await tokens({ ...options, penaltyLastN: far, dry }, looping)).toEqual(
      await tokens({ ...options, penaltyLastN: -1, dry: { multiplier: 1 } }, looping),
    );
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(500_000);
  });

  const looping = "a b a b a b a b a b a b";

  test("presencePenalty and frequencyPenalty prevent repeated tokens", async () => {
    for (const penalty of [{ presencePenalty: 100 }, { frequencyPenalty: 100 }]) {
      const made = await tokens({ temperature: 0, penaltyLastN: 1000, ...penalty }, looping);
      expect(new Set(made).size).toBe(made.length);
    }
  });

  test("repeatPenalty reduces repetition", async () => {
    const plain = await tokens({ temperature: 0 }, looping);
    const penalised = await tokens({ temperature: 0, repeatPenalty: 1.8 }, looping);
    expect(new Set(penalised).size).toBeGreaterThan(new Set(plain).size);
  });

  test("penaltyLastN -1 covers the whole context window", async () => {
    const options = { temperature: 0, presencePenalty: 100 } as const;
    const far = `x y ${"a b ".repeat(60)}x`;
    const whole = await tokens({ ...options, penaltyLastN: -1 }, far);
    expect(whole).toEqual(await tokens({ ...options, penaltyLastN: 2000 }, far));
  });

  test("penaltyLastN 0 disables penalties", async () => {
    const options = { temperature: 0, presencePenalty: 100, penaltyLastN: 0 } as const;
    expect(await tokens(options, looping)).toEqual(await tokens({ temperature: 0 }, looping));
  });

  test("DRY breaks a loop", async () => {
    const plain = await tokens({ temperature: 0 }, looping);
    const dry = await tokens({ temperature: 0, dry: { multiplier: 50 } }, looping);
    expect(dry).not.toEqual(plain);
  });
});

test("XTC drops the likeliest token if there are others", async () => {
  const options = { temperature: 3, topP: 1, maxTokens: 1 } as const;
  const [likeliest] = await tokens({ temperature: 0, maxTokens: 1 });
  for (let seed = 0; seed < 20; seed++) {
    const xtc = { probability: 1, threshold: 0.000_01 };
    expect(await tokens({ ...options, seed, xtc })).not.toEqual([likeliest]);
  }
});

test("typicalP drops tokens that are much likelier than the entropy suggests", async () => {
  const [likeliest] = await tokens({ temperature: 0, maxTokens: 1 }, "import ");
  const drawsLikeliest = async (typicalP: number) => {
    let draws = 0;
    for (let seed = 0; seed < 60; seed++) {
      const options = { temperature: 1, topP: 1, typicalP, maxTokens: 1, seed };
      const [token] = await tokens(options, "import ");
      if (token === likeliest) draws++;
    }
    return draws;
  };
  expect(await drawsLikeliest(1)).toBeGreaterThan(0);
  expect(await drawsLikeliest(0.1)).toBe(0);
});

describe("mirostat", () => {
  test.each([1, 2] as const)(
    "version %d is reproducible and varies less with a low tau",
    async (version) => {
      const at = (tau: number, seed: number) =>
        tokens({ temperature: 3, mirostat: { version, tau }, seed });
      expect(await at(5, 3)).toEqual(await at(5, 3));
      const variety = async (tau: number) =>
        new Set((await Promise.all([1, 2, 3, 4].map((seed) => at(tau, seed)))).flat()).size;
      expect(await variety(0.1)).toBeLessThan(await variety(9));
    },
  );
});
