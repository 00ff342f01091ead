import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { RequestRecord } from "./record.ts";

/**
 * Spans by OpenTelemetry's semantic conventions for generative AI
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). They go nowhere until the host
 * sets up a provider.
 */
export class Tracing {
  readonly #tracer = trace.getTracer("node-codellama");
  readonly #spans = new WeakMap<RequestRecord, Span>();

  start(request: RequestRecord, headers: Headers): void {
    const parent = propagation.extract(context.active(), headers, {
      get: (carrier, key) => carrier.get(key) ?? undefined,
      keys: (carrier) => [...carrier.keys()],
    });
    const options = { kind: SpanKind.SERVER, startTime: Date.now() };
    this.#spans.set(request, this.#tracer.startSpan(request.path, options, parent));
  }

  end(request: RequestRecord, model: string): void {
    const span = this.#spans.get(request);
    if (span === undefined) return;
    const { operation } = request;
    span.setAttribute("http.response.status_code", request.status);
    if (operation !== undefined) {
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
        ...defined("gen_ai.request.max_tokens", operation.maxTokens),
        ...defined("gen_ai.request.temperature", operation.temperature),
        ...defined("gen_ai.request.top_p", operation.topP),
      });
    }
    if (request.error !== undefined) {
      span.setAttribute("error.type", request.error.code);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }
}

function defined(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}
