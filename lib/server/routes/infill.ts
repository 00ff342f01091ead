import type { Hono } from "hono";
import { z } from "zod";
import type { InfillResult } from "../../modes/infill.ts";
import type { InfillOptions } from "../../options/infill.ts";
import { insideBlock } from "../answers/block.ts";
import { infillAnswer, selectFields } from "../answers/infill-answer.ts";
import type { Followed } from "../exchange.ts";
import { fieldResolver } from "../fields/resolve-fields.ts";
import { generationFields, present, samplingOptions, tokenLimit } from "../fields/sampling.ts";
import type { ServerEnvironment } from "../handler.ts";
import { readBody } from "../http/request-body.ts";
import type { Service } from "../service.ts";

const extraFile = z.object({ filename: z.string().nullish(), text: z.string() });

const route = "/infill";

const inputs = ["input_prefix", "input_suffix", "prompt", "input_extra"] as const;

/**
 * The body of llama.cpp's `POST /infill`, as llama.vim and llama.vscode send it: with `n_predict` for
 * `max_tokens` and `n_cmpl` for `n`, see `knownFields`.
 */
export const infillSchema = z
  .object({
    ...generationFields,
    /** Below 0 it is as good as 0. */
    temperature: z.number().max(100).nullish(),
    input_prefix: z.string().nullish(),
    input_suffix: z.string().nullish(),
    /** The current line up to the cursor: the end of the prefix. */
    prompt: z.string().nullish(),
    /** Chunks of other files, the latest last. */
    input_extra: z.array(extraFile).max(1000).nullish(),
    n_indent: z.int().min(0).max(1000).nullish(),
    /** Once a line is complete, ends it so long after the first token. */
    t_max_predict_ms: z
      .int()
      .min(-1)
      .max(2 ** 31 - 1)
      .nullish(),
    response_fields: z.array(z.string()).max(100).nullish(),
  })
  .refine((body) => inputs.some((name) => body[name] != null), {
    path: [inputs[0]],
    error: `is missing, and so are ${inputs.slice(1).join(", ")}`,
  });

type Body = z.output<typeof infillSchema>;

const resolve = fieldResolver(route, infillSchema);

export function addInfillRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post(route, async (context) => {
    const { exchange } = context.var;
    const body = await readBody(context.req.raw, infillSchema, service.maxBodyBytes, resolve);
    service.checkModel(body.model);
    const { llama } = service;
    const input = {
      prefix: (body.input_prefix ?? "") + (body.prompt ?? ""),
      suffix: body.input_suffix ?? "",
    };
    const extra = (body.input_extra ?? []).map(({ text }) => text);
    await service.checkLength(exchange, [input.prefix, input.suffix, ...extra]);
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
  return {
    ...samplingOptions(body, service),
    ...present({
      maxTokens: tokenLimit(body.max_tokens),
      n: body.n,
    }),
    // A keystroke waits for nobody.
    priority: body.priority ?? "interactive",
    context: (body.input_extra ?? [])
      .map(({ filename, text }) => ({ path: filename || "snippet", text }))
      .reverse(),
  };
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
  { n_indent: columns, t_max_predict_ms: timeLimit, n: count }: Body,
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
