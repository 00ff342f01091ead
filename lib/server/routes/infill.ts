import type { Hono } from "hono";
import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import type { InfillResult } from "../../infill.ts";
import type { InfillOptions } from "../../options/infill.ts";
import { insideBlock } from "../block.ts";
import type { Followed } from "../exchange.ts";
import type { ServerEnvironment } from "../handler.ts";
import { HttpError } from "../http-error.ts";
import { infillAnswer, selectFields } from "../infill-answer.ts";
import { readBody } from "../request-body.ts";
import { present, samplingFields, samplingOptions } from "../sampling.ts";
import type { Service } from "../service.ts";

const extraFile = z.object({ filename: z.string().nullish(), text: z.string() });

/** -1 is no limit. */
const tokenLimit = z
  .int()
  .min(-1)
  .max(2 ** 31 - 1);

/** A field of llama.cpp's that would change the answer, and is not had here. */
const notHad = z
  .unknown()
  .refine((value) => !value, { error: "is not supported by /infill" })
  .describe("Not supported: may be null, empty, false or 0")
  .optional();

const inputs = ["input_prefix", "input_suffix", "prompt", "input_extra"] as const;

/** The body of llama.cpp's `POST /infill`, as llama.vim and llama.vscode send it. */
export const infillSchema = z
  .object({
    ...samplingFields,
    /** Below 0 it is as good as 0. */
    temperature: z.number().max(100).nullish(),
    model: z.string().nullish(),
    input_prefix: z.string().nullish(),
    input_suffix: z.string().nullish(),
    /** The current line up to the cursor: the end of the prefix. */
    prompt: z.string().nullish(),
    /** Chunks of other files, the latest last. */
    input_extra: z.array(extraFile).max(1000).nullish(),
    /** 0 computes the prompt alone, for the next request to find. */
    n_predict: tokenLimit.nullish(),
    /** Another name for it, where it is not given. */
    max_tokens: tokenLimit.nullish(),
    n_cmpl: z.int().min(1).max(128).nullish(),
    n_indent: z.int().min(0).max(1000).nullish(),
    /** Once a line is complete, ends it so long after the first token. */
    t_max_predict_ms: z
      .int()
      .min(-1)
      .max(2 ** 31 - 1)
      .nullish(),
    stream: z.boolean().nullish(),
    response_fields: z.array(z.string()).max(100).nullish(),
    lora: z.array(z.object({ id: z.int().min(0), scale: z.number() })).nullish(),
    grammar: notHad,
    json_schema: notHad,
    n_probs: notHad,
    ignore_eos: notHad,
  })
  .refine((body) => inputs.some((name) => body[name] != null), {
    path: [inputs[0]],
    error: `is missing, and so are ${inputs.slice(1).join(", ")}`,
  });

type Body = z.output<typeof infillSchema>;

export function addInfillRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post("/infill", async (context) => {
    const { exchange } = context.var;
    const body = await readBody(context.req.raw, infillSchema, service.maxBodyBytes);
    service.checkModel(body.model);
    const { llama } = service;
    const input = {
      prefix: (body.input_prefix ?? "") + (body.prompt ?? ""),
      suffix: body.input_suffix ?? "",
    };
    const extra = (body.input_extra ?? []).map(({ text }) => text);
    await service.checkLength(input.prefix, input.suffix, ...extra);
    const options = infillOptions(body, service);
    exchange.operation = {
      name: "infill",
      maxTokens: options.maxTokens,
      temperature: options.temperature,
      topP: options.topP,
    };
    const followed = exchange.follow(llama.infill(input, options), body.stream === true);
    const fields = body.response_fields ?? [];
    if (body.stream === true) {
      return service.stream(exchange, infillEvents(followed, body, service.modelName));
    }
    const texts = await collect(followed, body);
    const result = await followed.result;
    const answers = (result.choices ?? [result]).map((answer, index) =>
      selectFields(infillAnswer(answer, texts[index] ?? "", index, service.modelName), fields),
    );
    return context.json(answers.length === 1 ? answers[0] : answers);
  });
}

function infillOptions(body: Body, service: Service): InfillOptions {
  const limit = body.n_predict ?? body.max_tokens;
  return {
    ...samplingOptions(body, service),
    ...present({
      maxTokens: limit === -1 ? service.llama.contextSize : limit,
      n: body.n_cmpl,
      loras: body.lora ? loraScales(service.llama, body.lora) : undefined,
    }),
    // A keystroke waits for nobody.
    priority: body.priority ?? "interactive",
    context: (body.input_extra ?? [])
      .map(({ filename, text }) => ({ path: filename || "snippet", text }))
      .reverse(),
  };
}

function loraScales(llama: CodeLlama, scales: readonly { id: number; scale: number }[]) {
  return Object.fromEntries(
    scales.map(({ id, scale }) => {
      const name = llama.loras[id];
      if (name !== undefined) return [name, scale];
      throw new HttpError(400, "INVALID_ARGUMENT", `lora: there is no adapter ${id}`, {
        field: "lora",
      });
    }),
  );
}

/** The answers' texts; ends the generation where the client wants no more of it. */
async function collect(followed: Followed<InfillResult>, body: Body): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const { index, text } of insideLimits(followed, body)) {
    texts[index] = (texts[index] ?? "") + text;
  }
  return texts;
}

/** Text as far as `n_indent` and `t_max_predict_ms` let it come. */
async function* insideLimits(
  { generation }: Followed<InfillResult>,
  { n_indent: columns, t_max_predict_ms: timeLimit, n_cmpl: count }: Body,
): AsyncGenerator<{ readonly index: number; readonly text: string }> {
  const texts = new Map<number, { all: string; shown: number; ended: boolean }>();
  const deadline = timeLimit == null || timeLimit <= 0 ? Number.POSITIVE_INFINITY : timeLimit;
  let firstAt: number | undefined;
  for await (const { index, text } of generation) {
    firstAt ??= performance.now();
    const state = texts.get(index) ?? { all: "", shown: 0, ended: false };
    texts.set(index, state);
    if (state.ended) continue;
    state.all += text;
    const inside = columns ? insideBlock(state.all, columns) : undefined;
    state.ended = inside?.ended ?? false;
    const length = Math.max(inside?.length ?? state.all.length, state.shown);
    if (length > state.shown) yield { index, text: state.all.slice(state.shown, length) };
    state.shown = length;
    const isLate = performance.now() - firstAt > deadline && state.all.includes("\n");
    if (
      isLate ||
      (texts.size === (count ?? 1) && [...texts.values()].every((each) => each.ended))
    ) {
      generation.cancel();
    }
  }
  for (const [index, { all, shown, ended }] of texts) {
    if (!ended && shown < all.length) yield { index, text: all.slice(shown) };
  }
}

async function* infillEvents(
  followed: Followed<InfillResult>,
  body: Body,
  model: string,
): AsyncGenerator<string> {
  for await (const { index, text } of insideLimits(followed, body)) {
    yield JSON.stringify({ index, content: text, stop: false });
  }
  const result = await followed.result;
  for (const [index, answer] of (result.choices ?? [result]).entries()) {
    const last = infillAnswer(answer, "", index, model);
    yield JSON.stringify(selectFields(last, body.response_fields ?? []));
  }
}
