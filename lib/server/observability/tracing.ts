import { createRequire } from "node:module";
import type * as OpenTelemetry from "@opentelemetry/api";
import type { RequestRecord } from "./record.ts";

type Span = OpenTelemetry.Span;

/**
 * Reports one span per request, after OpenTelemetry's semantic conventions for generative AI
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). Spans go nowhere until the host
 * sets up a provider. Without the package @opentelemetry/api there are no spans.
 */
export class Tracing {
  readonly #api = loadApi();
  readonly #tracer = this.#api?.trace.getTracer("node-codellama");
  readonly #spans = new WeakMap<RequestRecord, Span>();

  start(request: RequestRecord, headers: Headers): void {
    if (this.#api === undefined || this.#tracer === undefined) return;
    const { context, propagation, SpanKind } = this.#api;
    const parent = propagation.extract(context.active(), headers, {
      get: (carrier, key) => carrier.get(key) ?? undefined,
      keys: (carrier) => [...carrier.keys()],
    });
    const options = { kind: SpanKind.SERVER, startTime: Date.now() };
    this.#spans.set(request, this.#tracer.startSpan(request.path, options, parent));
  }

  end(request: RequestRecord, model: string): void {
    const span = this.#spans.get(request);
    if (span === undefined || this.#api === undefined) return;
    span.setAttribute("http.response.status_code", request.status);
    describeOperation(span, request, model);
    if (request.error !== undefined) {
      span.setAttribute("error.type", request.error.code);
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    }
    span.end();
  }
}

/** The host's OpenTelemetry API. Undefined if the host has not installed it. */
function loadApi(): typeof OpenTelemetry | undefined {
  try {
    // Every copy of the API, ESM or CommonJS, shares the providers that the host registers.
    return createRequire(import.meta.url)("@opentelemetry/api");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function describeOperation(span: Span, request: RequestRecord, model: string): void {
  const { operation } = request;
  if (operation === undefined) return;
  const name = operation.name === "infill" ? "text_completion" : operation.name;
  span.updateName(`${name} ${model}`);
  span.setAttributes({
    "gen_ai.operation.name": name,
    "gen_ai.provider.name": "node-codellama",
    "gen_ai.request.model": model,
    "gen_ai.response.model": model,
    "gen_ai.response.id": request.id,
    "gen_ai.response.finish_reasons": [...request.finishReasons],
    "gen_ai.usage.input_tokens": request.promptTokens,
    "gen_ai.usage.output_tokens": request.completionTokens,
    ...attribute("gen_ai.request.max_tokens", operation.maxTokens),
    ...attribute("gen_ai.request.temperature", operation.temperature),
    ...attribute("gen_ai.request.top_p", operation.topP),
  });
}

function attribute(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}
