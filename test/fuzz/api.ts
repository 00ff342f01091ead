import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AISDKError } from "@ai-sdk/provider";
import { CodeLlama, CodeLlamaError, inspectModel } from "../../lib/index.ts";
import { createCodeLlama } from "../../lib/integrations/ai-sdk/index.ts";
import {
  ChatCodeLlama,
  CodeLlamaEmbeddings,
  CodeLlamaLlm,
} from "../../lib/integrations/langchain/index.ts";
import { chatTable, encodeChatRules } from "../../lib/options/chat.ts";
import type { Rules } from "../../lib/options/check.ts";
import { connectRules } from "../../lib/options/connect.ts";
import { embedRules } from "../../lib/options/embed.ts";
import { generateTable } from "../../lib/options/generate.ts";
import { infillTable } from "../../lib/options/infill.ts";
import { loadRules } from "../../lib/options/load.ts";
import { perplexityRules } from "../../lib/options/perplexity.ts";
import { prefixRules } from "../../lib/options/prefix.ts";
import { sendTable, sessionRules } from "../../lib/options/session.ts";
import { rulesOf } from "../../lib/options/table.ts";
import { connect } from "../../lib/remote/connect.ts";
import { createHandler, listen, nodeListener } from "../../lib/server/index.ts";
import { handlerRules } from "../../lib/server/service/options.ts";
import type { Fuzzer } from "../helpers/fuzzing.ts";
import { hostileValue, randomOptions } from "../helpers/hostile-arguments.ts";
import { hostileText } from "../helpers/hostile-values.ts";
import type { Random } from "../helpers/random.ts";
import { loadTinyModel, modelPath } from "../helpers/tiny-model.ts";

const longestMs = 60;
const checkEvery = 100;

/** Makes the arguments of one case. Each of them is either valid or of any kind. */
class Arguments {
  readonly hostileEvery: number;

  constructor(
    readonly random: Random,
    readonly folder: string,
  ) {
    this.hostileEvery = random.pick([0, 3, 12]);
  }

  /** The value, or a hostile value instead. The cast is intended: callers may write JavaScript. */
  or<Value>(value: Value): Value {
    const { random, hostileEvery } = this;
    return hostileEvery > 0 && random.below(hostileEvery) === 0
      ? (hostileValue(random) as Value)
      : value;
  }

  options(rules: Rules): never {
    const options = randomOptions(this.random, rules, this.hostileEvery);
    return this.or({ ...options, ...this.#short(rules) }) as never;
  }

  /** A small `maxTokens` in most cases, so that a run has many cases. */
  #short(rules: Rules): object {
    const { random } = this;
    return "maxTokens" in rules && random.below(8) > 0 ? { maxTokens: random.below(6) } : {};
  }

  text(): string {
    return this.or(hostileText(this.random));
  }

  tokens(): Int32Array {
    const { random } = this;
    return this.or(Int32Array.from({ length: random.below(40) }, () => random.below(32_100)));
  }

  prompt(): string | Int32Array {
    return this.random.below(2) === 0 ? this.text() : this.tokens();
  }

  hole(): string {
    const input = { prefix: this.text(), suffix: this.text(), order: this.or("auto" as const) };
    return this.or(this.random.below(3) === 0 ? `${this.text.name}<FILL_ME>` : input) as string;
  }

  messages(): never {
    const { random } = this;
    const turn = (index: number) =>
      this.or({
        role: this.or(index % 2 === 0 ? "user" : "assistant"),
        content: this.text(),
        ...(random.below(8) === 0 && { tool_calls: hostileValue(random) }),
      });
    return this.or(
      Array.from({ length: 1 + 2 * random.below(3) }, (_, index) => turn(index)),
    ) as never;
  }

  /** A path inside the folder, or a value that is not a string: the fuzzer must not touch other files. */
  path(): string {
    const value = this.or(`${this.random.below(3)}.prefix`) as unknown;
    return typeof value === "string"
      ? join(this.folder, Buffer.from(value.slice(0, 20)).toString("hex"))
      : (value as string);
  }

  /** Options of calls that return a promise: only a signal can end them. */
  timed(rules: Rules): never {
    return this.#signalled(rules, AbortSignal.timeout(longestMs));
  }

  /** Options of calls that load or connect: the aborted signal ends them before they do. */
  aborted(rules: Rules): never {
    return this.#signalled(rules, AbortSignal.abort(stopped));
  }

  #signalled(rules: Rules, signal: AbortSignal): never {
    return { ...randomOptions(this.random, rules, this.hostileEvery), signal } as never;
  }
}

const stopped = new Error("stopped by the fuzzer");

type Call = (llama: CodeLlama, given: Arguments) => unknown;

const calls: readonly [Call, ...Call[]] = [
  (llama, given) => llama.generate(given.prompt(), given.options(rulesOf(generateTable))),
  (llama, given) => llama.generate(given.prompt(), given.options(rulesOf(generateTable))),
  (llama, given) => llama.infill(given.hole(), given.options(rulesOf(infillTable))),
  (llama, given) => llama.chat(given.messages(), given.options(rulesOf(chatTable))),
  (llama, given) =>
    llama.embed(given.or([given.prompt(), given.prompt()]), given.timed(embedRules)),
  (llama, given) => llama.perplexity(given.prompt(), given.timed(perplexityRules)),
  (llama, given) => llama.savePrefix(given.path(), given.prompt(), given.timed(prefixRules)),
  (llama, given) => llama.loadPrefix(given.path()),
  (llama, given) => llama.encodeInfill(given.hole()),
  (llama, given) => llama.encodeChat(given.messages(), given.options(encodeChatRules)),
  (llama, given) => llama.tokenize(given.text(), given.or({ bos: given.or(true) })),
  (llama, given) => llama.tokenizeLong(given.text(), given.or({ special: given.or(true) })),
  (llama, given) => llama.countTokens(given.text(), given.or({})),
  (llama, given) => llama.splitCode(given.text(), given.or({ maxTokens: given.or(16) })),
  (llama, given) => llama.detokenize(given.or([...Array(3).keys()]), given.or({})),
  (llama, given) => llama.detokenize(given.tokens()),
  (llama, given) => llama.tokenBytes(given.or(given.random.below(33_000))),
  (llama, given) => converse(llama, given),
  (llama, given) => llama.session(given.or(llama.session().toJSON())),
  (_, given) => inspectModel(given.path()),
  (_, given) => CodeLlama.load(given.or(modelPath), given.aborted(loadRules)),
  (_, given) => connect(given.or("http://127.0.0.1:9"), given.aborted(connectRules)),
  (_, given) => Reflect.construct(CodeLlama, [given.or("model.gguf"), given.or({})]),
  (llama, given) => answerAiSdk(llama, given),
  (llama, given) => {
    const model = createCodeLlama(llama).embeddingModel(given.or("x"));
    return model.doEmbed(given.or({ values: given.or([given.text()]) }));
  },
  (llama, given) => answerLangChain(llama, given),
  (llama, given) => new CodeLlamaEmbeddings(given.or(llama), given.or({})).embedQuery(given.text()),
  (llama, given) => createHandler(given.or(llama), given.options(handlerRules)),
  (llama, given) => listen(createHandler(llama), given.or({ port: given.or(-1) })),
  (llama, given) => nodeListener(given.or(createHandler(llama))),
];

async function converse(llama: CodeLlama, given: Arguments): Promise<unknown> {
  const session = llama.session(given.options(sessionRules));
  const fork = given.random.below(2) === 0 ? session.fork() : session;
  const answer = await fork.send(given.text(), given.options(rulesOf(sendTable)));
  fork.reset(given.or("system"));
  return [answer, JSON.stringify(session), llama.session(fork.toJSON())];
}

function answerAiSdk(llama: CodeLlama, given: Arguments): unknown {
  const model = createCodeLlama(given.or(llama), given.or({})).languageModel(given.or("x"));
  const part = { type: given.or("text" as const), text: given.text() };
  const message = { role: given.or("user" as const), content: given.or([given.or(part)]) };
  const tool = { type: given.or("function"), name: given.or("f"), inputSchema: given.or({}) };
  const options = {
    prompt: given.or([given.or(message)]),
    maxOutputTokens: given.or(3),
    tools: given.random.below(3) === 0 ? given.or([given.or(tool)]) : undefined,
    toolChoice: given.or({ type: given.or("required") }),
    responseFormat: given.or({ type: "text" }),
  };
  return model.doGenerate(given.or(options) as never);
}

/** Only constructs and binds: LangChain checks the arguments of a call itself, with its own errors. */
function answerLangChain(llama: CodeLlama, given: Arguments): unknown {
  const options = given.options(rulesOf(chatTable));
  const model = new ChatCodeLlama(given.or(llama), options, given.or({}));
  const tool = { type: "function", function: { name: given.or("f"), parameters: given.or({}) } };
  given.random.pick<() => unknown>([
    () => model.bindTools(given.or([given.or(tool)]), given.or({})),
    () =>
      model.withStructuredOutput(given.or({ type: "object" }), given.or({ name: given.or("x") })),
    () => new CodeLlamaLlm(given.or(llama), given.options(rulesOf(generateTable)), given.or({})),
  ])();
  return undefined;
}

/** Waits for the value of a call. Cancels a generation after a short time. */
async function settle(value: unknown, random: Random): Promise<void> {
  if (!isGeneration(value)) {
    await value;
    return;
  }
  const timer = setTimeout(() => value.cancel(), random.below(longestMs));
  try {
    if (random.below(2) === 0) for await (const _ of value) if (random.below(4) === 0) break;
    await value;
  } finally {
    clearTimeout(timer);
  }
}

type Cancellable = AsyncIterable<unknown> & { cancel(): void };

function isGeneration(value: unknown): value is Cancellable {
  return Object.prototype.toString.call(value) === "[object Object]" && "cancel" in Object(value);
}

/** Whether a call may fail with an error: ours, a signal's or the AI SDK's. */
function isTyped(error: unknown): boolean {
  if (error === stopped || AISDKError.isInstance(error)) return true;
  if (error instanceof DOMException) return ["AbortError", "TimeoutError"].includes(error.name);
  return CodeLlamaError.isInstance(error) && error.code !== "BACKEND_FAILED";
}

const api: Fuzzer = {
  description: "the whole API with valid and hostile arguments, made from the option tables",
  async fuzz(run) {
    const folder = mkdtempSync(join(tmpdir(), "node-codellama-api-"));
    const llama = await loadTinyModel({ contextSize: 512, parallel: 4 });
    const greedyAnswer = async () => {
      const options = { maxTokens: 8, temperature: 0, ignoreEos: true };
      return (await llama.generate("def add(a, b):\n    return", options)).text;
    };
    const expected = await greedyAnswer();
    const requireSame = async () => {
      const text = await greedyAnswer();
      if (text !== expected) {
        throw new Error(`the greedy answer must stay ${expected} (got ${text})`);
      }
    };
    for (const { index, random } of run.cases()) {
      const call = random.pick(calls);
      try {
        await settle(call(llama, new Arguments(random, folder)), random);
      } catch (error) {
        if (!isTyped(error)) {
          throw new Error(`an untyped error from ${call.toString()}`, { cause: error });
        }
      }
      if (index % checkEvery === 0) await requireSame();
    }
    await requireSame();
    await llama.close();
    rmSync(folder, { recursive: true, force: true });
  },
};

export default api;
