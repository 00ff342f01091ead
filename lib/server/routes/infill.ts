import type { Hono } from "hono";
import type { InfillResult } from "../../modes/infill.ts";
import type { InfillOptions } from "../../options/infill.ts";
import { insideBlock } from "../answers/block.ts";
import { infillAnswer, selectFields } from "../answers/infill-answer.ts";
import { type InfillBody, infillSchema } from "../fields/infill-body.ts";
import { readBody } from "../fields/read-body.ts";
import { fieldResolver } from "../fields/resolve-fields.ts";
import { present, samplingOptions, tokenLimit } from "../fields/sampling.ts";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Followed } from "../service/exchange.ts";
import type { Service } from "../service/service.ts";

const route = "/infill";

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

function infillOptions(body: InfillBody, service: Service): InfillOptions {
  return {
    ...samplingOptions(body, service),
    ...service.limits,
    ...present({
      maxTokens: tokenLimit(body.max_tokens),
      n: body.n,
    }),
    // Infill requests come from keystrokes.
    priority: body.priority ?? "interactive",
    context: (body.input_extra ?? [])
      .map(({ filename, text }) => ({ path: filename || "snippet", text }))
      .reverse(),
  };
}

/** Collects the answers' texts. Ends the generation at the limits of the body. */
async function collect(
  followed: Followed<InfillResult>,
  body: InfillBody,
): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const { index, text } of insideLimits(followed, body)) {
    texts[index] = (texts[index] ?? "") + text;
  }
  return texts;
}

/** Yields text up to the limits `n_indent` and `t_max_predict_ms`. */
async function* insideLimits(
  { generation }: Followed<InfillResult>,
  { n_indent: columns, t_max_predict_ms: timeLimit, n: count }: InfillBody,
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
    const isOverTime = performance.now() - firstAt > deadline && state.all.includes("\n");
    if (
      isOverTime ||
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
  body: InfillBody,
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
