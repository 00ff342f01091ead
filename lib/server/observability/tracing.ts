import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Exchange } from "../exchange.ts";

/**
 * Spans by OpenTelemetry's semantic conventions for generative AI
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). They go nowhere until the host
 * sets up a provider.
 */
export class Tracing {
  readonly #tracer = trace.getTracer("node-codellama");
  readonly #spans = new WeakMap<Exchange, Span>();

  start(exchange: Exchange, headers: Headers): void {
    const parent = propagation.extract(context.active(), headers, {
      get: (carrier, key) => carrier.get(key) ?? undefined,
      keys: (carrier) => [...carrier.keys()],
    });
    const options = { kind: SpanKind.SERVER, startTime: Date.now() };
    this.#spans.set(exchange, this.#tracer.startSpan(exchange.path, options, parent));
  }

  end(exchange: Exchange, model: string): void {
    const span = this.#spans.get(exchange);
    if (span === undefined) return;
    const { operation } = exchange;
    span.setAttribute("http.response.status_code", exchange.status);
    if (operation !== undefined) {
      const name = operation.name === "infill" ? "text_completion" : operation.name;
      span.updateName(`${name} ${model}`);
      span.setAttributes({
        "gen_ai.operation.name": name,
        "gen_ai.provider.name": "node-codellama",
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.response.id": exchange.id,
        "gen_ai.response.finish_reasons": exchange.finishReasons,
        "gen_ai.usage.input_tokens": exchange.promptTokens,
        "gen_ai.usage.output_tokens": exchange.completionTokens,
        ...defined("gen_ai.request.max_tokens", operation.maxTokens),
        ...defined("gen_ai.request.temperature", operation.temperature),
        ...defined("gen_ai.request.top_p", operation.topP),
      });
    }
    if (exchange.error !== undefined) {
      span.setAttribute("error.type", exchange.error.code);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }
}

function defined(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}
