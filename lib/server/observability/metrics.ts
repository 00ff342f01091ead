import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EngineStats } from "../../native/model-info.ts";
import type { RequestRecord } from "./record.ts";

const seconds = [
  0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 20, 40, 80, 160, 320,
];

const gauges: readonly [string, string, keyof EngineStats][] = [
  ["codellama_requests_running", "Sequences that the engine is computing.", "running"],
  ["codellama_requests_queued", "Requests that wait for the engine.", "queued"],
  ["codellama_kv_cells_used", "KV cells that running sequences use.", "kvCellsUsed"],
  ["codellama_kv_cells_cached", "KV cells kept for later prompts (prefix cache).", "kvCellsCached"],
  ["codellama_kv_cells", "Total number of KV cells.", "kvCells"],
  ["codellama_prompt_cache_bytes", "Host memory that the prompt cache uses.", "promptCacheBytes"],
  [
    "codellama_prefill_tokens_per_second",
    "Prefill speed over the last seconds of work.",
    "prefillTokensPerSecond",
  ],
  [
    "codellama_decode_tokens_per_second",
    "Decode speed over the last seconds of work.",
    "decodeTokensPerSecond",
  ],
];

const totals: readonly [string, string, keyof EngineStats][] = [
  [
    "codellama_prefix_hit_tokens_total",
    "Prompt tokens found in the prefix cache.",
    "prefixHitTokens",
  ],
  [
    "codellama_prefix_miss_tokens_total",
    "Prompt tokens not found in the prefix cache.",
    "prefixMissTokens",
  ],
  [
    "codellama_draft_tokens_total",
    "Draft tokens that speculation proposed, and tokens that a grammar forced.",
    "draftTokens",
  ],
  [
    "codellama_accepted_tokens_total",
    "Draft tokens that the model accepted, and tokens that a grammar forced.",
    "acceptedTokens",
  ],
];

/** Metrics in Prometheus' format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "codellama_http_requests_total",
    help: "Answered HTTP requests.",
    labelNames: ["route", "status"],
    registers: [this.#registry],
  });
  readonly #duration = this.#histogram(
    "http_request_duration",
    "Time from a request to the end of its answer.",
  );
  readonly #firstToken = this.#histogram(
    "time_to_first_token",
    "Time from a request's arrival in the queue to its first new token.",
  );
  readonly #interval = this.#histogram(
    "time_between_tokens",
    "Mean time between tokens of an answer.",
  );
  readonly #tokens = new Counter({
    name: "codellama_tokens_total",
    help: "Prompt tokens, prompt tokens found in the prefix cache, and completion tokens.",
    labelNames: ["kind", "key"],
    registers: [this.#registry],
  });

  /** @param stats - returns the engine's statistics, or undefined while no model is loaded */
  constructor(stats: () => EngineStats | undefined) {
    for (const [name, help, field] of gauges) {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          this.set(stats()?.[field] ?? 0);
        },
      });
    }
    for (const [name, help, field] of totals) {
      let reported = 0;
      new Counter({
        name,
        help,
        registers: [this.#registry],
        collect() {
          const total = stats()?.[field] ?? reported;
          this.inc(Math.max(total - reported, 0));
          reported = total;
        },
      });
    }
  }

  count(request: RequestRecord): void {
    const route = request.path;
    this.#requests.inc({ route, status: request.status });
    this.#duration.observe({ route }, request.durationMs / 1000);
    const { operation, timeToFirstTokenMs, tokenIntervalsMs, keyName: key } = request;
    if (operation === undefined) return;
    if (timeToFirstTokenMs !== undefined) {
      this.#firstToken.observe({ route }, timeToFirstTokenMs / 1000);
    }
    for (const interval of tokenIntervalsMs) this.#interval.observe({ route }, interval / 1000);
    this.#tokens.inc({ kind: "prompt", key }, request.promptTokens);
    this.#tokens.inc({ kind: "cached", key }, request.cachedTokens);
    this.#tokens.inc({ kind: "completion", key }, request.completionTokens);
  }

  async response(): Promise<Response> {
    return new Response(await this.#registry.metrics(), {
      headers: { "content-type": this.#registry.contentType },
    });
  }

  #histogram(name: string, help: string): Histogram<"route"> {
    return new Histogram({
      name: `codellama_${name}_seconds`,
      help,
      labelNames: ["route"],
      buckets: seconds,
      registers: [this.#registry],
    });
  }
}
