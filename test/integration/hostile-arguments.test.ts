import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, test } from "vitest";
import { ChatSession, CodeLlama, type CodeLlamaError, inspectModel } from "../../lib/index.ts";
import { createCodeLlama } from "../../lib/integrations/ai-sdk/index.ts";
import {
  ChatCodeLlama,
  CodeLlamaEmbeddings,
  CodeLlamaLlm,
} from "../../lib/integrations/langchain/index.ts";
import { circular, nested, revoked } from "../helpers/hostile-objects.ts";
import { useTinyModel } from "../helpers/tiny-model.ts";

const model = useTinyModel();
type Call = () => unknown;

/** The failure of a call, thrown or rejected. */
async function failure(call: Call): Promise<Partial<CodeLlamaError>> {
  try {
    await call();
  } catch (error) {
    return error as CodeLlamaError;
  }
  throw new Error("nothing was thrown");
}

async function expectInvalidArgument(call: Call, pattern: RegExp): Promise<void> {
  const { code, message } = await failure(call);
  expect({ code, message }).toEqual({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(pattern),
  });
}

test("a function that returns a promise rejects instead of throwing", async () => {
  const wrong = 5n as never;
  const promises = [
    CodeLlama.load(wrong),
    CodeLlama.connect(wrong),
    inspectModel(wrong),
    model.llama.embed(wrong),
    model.llama.perplexity(wrong),
    model.llama.savePrefix(wrong, wrong),
    model.llama.loadPrefix(wrong),
    model.llama.tokenizeLong(wrong),
    model.llama.renderChat(wrong),
  ];
  for (const { reason } of (await Promise.allSettled(promises)) as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: "INVALID_ARGUMENT" });
  }
});

describe("rejects an argument that is too long before copying it", () => {
  const text = "x".repeat(2 ** 28 + 1);
  const half = "x".repeat(2 ** 27 + 1);
  const tokens = new Int32Array(2 ** 24 + 1);
  const llama = () => model.llama;
  const of = (limit: number) => new RegExp(`at most ${limit}`);
  test.each<[string, Call, RegExp]>([
    ["generate: a text", () => llama().generate(text), of(2 ** 28)],
    ["generate: tokens", () => llama().generate(tokens), of(2 ** 24)],
    [
      "generate: tokens, cut",
      () => llama().generate(tokens, { overflow: "truncate" }),
      of(2 ** 24),
    ],
    ["infill: a text", () => llama().infill(`<FILL_ME>${text}`), of(2 ** 28)],
    ["infill: a prefix", () => llama().infill({ prefix: text, suffix: "" }), of(2 ** 28)],
    ["infill: both", () => llama().infill({ prefix: half, suffix: half }), of(2 ** 28)],
    ["chat: a message", () => llama().chat([{ role: "user", content: half }]), of(2 ** 24)],
    ["session: a question", () => llama().session().send(half), of(2 ** 24)],
    ["embed: a text", () => llama().embed(["x", text]), of(2 ** 28)],
    ["embed: tokens", () => llama().embed(tokens), of(2 ** 24)],
    ["perplexity: tokens", () => llama().perplexity(tokens), of(2 ** 24)],
    ["tokenizeLong: a text", () => llama().tokenizeLong(text), of(2 ** 28)],
    ["detokenize: tokens", () => llama().detokenize(tokens), of(2 ** 24)],
    ["savePrefix: tokens", () => llama().savePrefix("/tmp/none", tokens), of(2 ** 24)],
  ])("%s", async (_, call, message) => {
    await expectInvalidArgument(call, message);
  });
});

describe("names the wrong argument in the error", () => {
  const llama = () => model.llama;
  const wrong = <Value>(value: unknown) => value as Value;
  test.each<[string, Call, RegExp]>([
    ["generate: a Symbol", () => llama().generate(wrong(Symbol("x"))), /prompt must be .* symbol/],
    ["generate: a Proxy", () => llama().generate(new Proxy(new Int32Array(1), {})), /prompt/],
    ["generate: null options", () => llama().generate("x", wrong(null)), /\(got null\)/],
    ["infill: a bigint", () => llama().infill(wrong(5n)), /input: options must be .* 5n/],
    ["infill: a revoked input", () => llama().infill(revoked()), /input: options cannot be read/],
    ["infill: no suffix", () => llama().infill(wrong({ prefix: "" })), /suffix must be a string/],
    ["chat: a hole", () => llama().chat(new Array(1)), /messages must be .* with holes/],
    ["chat: revoked messages", () => llama().chat(revoked()), /messages cannot be read/],
    ["chat: a Map", () => llama().chat([wrong(new Map())]), /messages\[0\] must be .* Map/],
    ["embed: a hole", () => llama().embed(new Array(2)), /texts must be/],
    ["embed: bigints", () => llama().embed(wrong([5n])), /texts must be/],
    ["perplexity: a Symbol", () => llama().perplexity(wrong(Symbol("x"))), /text must be/],
    ["savePrefix: a Symbol", () => llama().savePrefix(wrong(Symbol("x")), "x"), /path must be/],
    ["savePrefix: a prompt", () => llama().savePrefix("p", wrong({})), /prompt must be/],
    ["loadPrefix: a bigint", () => llama().loadPrefix(wrong(5n)), /path must be/],
    ["tokenize: options", () => llama().tokenize("x", wrong(5n)), /options must be/],
    ["tokenizeLong: a Symbol", () => llama().tokenizeLong(wrong(Symbol("x"))), /text must be/],
    ["countTokens: null", () => llama().countTokens(wrong(null)), /text must be/],
    ["splitCode: null", () => llama().splitCode("x", wrong(null)), /options must be/],
    ["detokenize: bigints", () => llama().detokenize(wrong([5n])), /tokens must be/],
    ["detokenize: a hole", () => llama().detokenize(new Array(1)), /tokens must be/],
    ["detokenize: a Symbol", () => llama().detokenize(wrong([Symbol("x")])), /tokens must be/],
    ["tokenBytes: a Symbol", () => llama().tokenBytes(wrong(Symbol("x"))), /token must be/],
    ["tokenBytes: a bigint", () => llama().tokenBytes(wrong(5n)), /token must be/],
    ["encodeChat: null options", () => llama().encodeChat([], wrong(null)), /options must be/],
    ["encodeInfill: null", () => llama().encodeInfill(wrong(null)), /input: options must be/],
    ["session: a revoked Proxy", () => llama().session(revoked()), /options cannot be read/],
    ["session: null", () => llama().session(wrong(null)), /options must be/],
    [
      "send: a Symbol",
      () =>
        llama()
          .session()
          .send(wrong(Symbol("x"))),
      /content must be/,
    ],
    [
      "reset: a Symbol",
      () =>
        llama()
          .session()
          .reset(wrong(Symbol("x"))),
      /system must be/,
    ],
    [
      "session: data of a later version",
      () => llama().session(wrong({ version: 2 })),
      /version must be 1/,
    ],
    ["load: a Symbol", () => CodeLlama.load(wrong(Symbol("x"))), /path must be/],
    ["load: null options", () => CodeLlama.load("x", wrong(null)), /options must be/],
    [
      "load: holes",
      () => CodeLlama.load("x", { loras: new Array(1) }),
      /loras must be .* with holes/,
    ],
    ["connect: a Symbol", () => CodeLlama.connect(wrong(Symbol("x"))), /url must be/],
    ["connect: a revoked URL", () => CodeLlama.connect(revoked()), /url cannot be read/],
    ["inspectModel: a bigint", () => inspectModel(wrong(5n)), /path must be/],
    [
      "new CodeLlama()",
      () => Reflect.construct(CodeLlama, ["model.gguf"]),
      /await CodeLlama\.load\(path\)/,
    ],
    ["new ChatSession()", () => Reflect.construct(ChatSession, []), /llama\.session\(\)/],
  ])("%s", (_, call, message) => expectInvalidArgument(call, message));
});

test("ignores changes to the arguments after the call", async () => {
  const { llama } = model;
  const options = { maxTokens: 4, temperature: 0, stop: ["never"] };
  const tokens = llama.tokenize("def add(a, b):", { bos: true });
  const expected = await llama.generate(tokens, options);
  const changing = Int32Array.from(tokens);
  // The prompt waits while another thread compiles the grammar.
  const started = llama.generate(changing, { ...options, grammar: "root ::= [^]*" });
  const plain = llama.generate(changing, options);
  changing.fill(5);
  options.stop[0] = " ";
  options.maxTokens = 1;
  expect((await plain).text).toBe(expected.text);
  expect((await started).usage.promptTokens).toBe(expected.usage.promptTokens);
  expect((await started).tokens).toHaveLength(4);

  const texts = ["a b c"];
  const [known] = (await llama.embed(["a b c"])).embeddings;
  const embedding = llama.embed(texts);
  texts[0] = "x";
  expect((await embedding).embeddings[0]).toEqual(known);

  const messages = [{ role: "user" as const, content: "Hello" }];
  const common = { maxTokens: 4, temperature: 0, force: true, overflow: "truncate" } as const;
  const answer = llama.chat(messages, common);
  messages[0] = { role: "user", content: "Something else, which is longer" };
  const { usage } = await llama.chat([{ role: "user", content: "Hello" }], common);
  expect((await answer).usage.promptTokens).toBe(usage.promptTokens);
});

test("does not overflow the stack on long token arrays and dialogs", async () => {
  const { llama } = model;
  const tokens = Int32Array.from({ length: 190_000 }, () => 100);
  const overflow = { code: "CONTEXT_OVERFLOW" };
  await expect(llama.generate(tokens)).rejects.toMatchObject(overflow);
  const messages = Array.from({ length: 160_001 }, (_, index) => ({
    role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
    content: "x",
  }));
  await expect(llama.chat(messages, { force: true })).rejects.toMatchObject(overflow);
});

describe("the AI SDK's provider rejects", () => {
  const language = () => createCodeLlama(model.llama).languageModel();
  const prompt = [{ role: "user" as const, content: [{ type: "text" as const, text: "x" }] }];
  const tool = (inputSchema: object) => [{ type: "function" as const, name: "f", inputSchema }];
  const required = { type: "required" } as const;
  test.each<[string, Call, RegExp]>([
    ["no model", () => createCodeLlama(null as never), /first argument must be a model/],
    ["a revoked model", () => createCodeLlama(revoked()), /llama cannot be read/],
    [
      "a Symbol as a name",
      () => createCodeLlama(model.llama).languageModel(Symbol("x") as never),
      /modelId/,
    ],
    ["no options", () => language().doGenerate(undefined as never), /prompt must be an array/],
    ["revoked options", () => language().doStream(revoked()), /options cannot be read/],
    [
      "a prompt with a hole",
      () => language().doGenerate({ prompt: new Array(1) }),
      /prompt must be .* with holes/,
    ],
    [
      "a deep schema",
      () => language().doGenerate({ prompt, tools: tool(nested(10_000)), toolChoice: required }),
      /tools\[0\]: inputSchema is nested more than 64 deep/,
    ],
    [
      "a circular schema",
      () => language().doStream({ prompt, tools: tool(circular), toolChoice: required }),
      /tools\[0\]: inputSchema is nested/,
    ],
    [
      "a deep response format",
      () =>
        language().doGenerate({ prompt, responseFormat: { type: "json", schema: nested(10_000) } }),
      /jsonSchema is nested/,
    ],
    [
      "a circular input of a call",
      () =>
        language().doGenerate({
          prompt: [
            {
              role: "assistant",
              content: [{ type: "tool-call", toolCallId: "1", toolName: "f", input: circular }],
            },
          ],
        }),
      /input is nested/,
    ],
    [
      "no texts",
      () =>
        createCodeLlama(model.llama)
          .embeddingModel()
          .doEmbed({ values: null as never }),
      /texts must be/,
    ],
  ])("%s", (_, call, message) => expectInvalidArgument(call, message));
});

describe("LangChain's classes reject", () => {
  const chat = () => new ChatCodeLlama(model.llama, { maxTokens: 1, force: true });
  const tool = (parameters: object) => [
    { type: "function" as const, function: { name: "f", parameters } },
  ];
  test.each<[string, Call, RegExp]>([
    [
      "no chat model",
      () => new ChatCodeLlama(undefined as never),
      /first argument must be a model/,
    ],
    ["no model", () => new CodeLlamaLlm({} as never), /first argument must be a model/],
    [
      "no embedding model",
      () => new CodeLlamaEmbeddings(null as never),
      /first argument must be a model/,
    ],
    ["options", () => new ChatCodeLlama(model.llama, { topK: 5n } as never), /topK must be/],
    ["a Set", () => new CodeLlamaLlm(model.llama, { logitBias: new Set() } as never), /logitBias/],
    ["parameters", () => new CodeLlamaLlm(model.llama, {}, null as never), /parameters must be/],
    ["deep tools", () => chat().bindTools(tool(nested(10_000))), /tools\[0\] is nested/],
    ["circular tools", () => chat().bindTools(tool(circular)), /tools\[0\] is nested/],
    ["no tools", () => chat().bindTools(null as never), /tools must be an array/],
    ["a deep schema", () => chat().withStructuredOutput({ ...nested(10_000) }), /schema is nested/],
    ["no schema", () => chat().withStructuredOutput(null as never), /schema/],
    [
      "a deep option",
      () => chat().invoke([new HumanMessage("x")], { jsonSchema: nested(10_000) }),
      /jsonSchema is nested/,
    ],
    [
      "no documents",
      () => new CodeLlamaEmbeddings(model.llama).embedDocuments([5n] as never),
      /texts/,
    ],
  ])("%s", (_, call, message) => expectInvalidArgument(call, message));
});
