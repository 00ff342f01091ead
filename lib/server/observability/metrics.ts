import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EngineStats } from "../../native/model-info.ts";
import type { RequestRecord } from "./record.ts";

const seconds = [
  0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 20, 40, 80, 160, 320,
];

const gauges: readonly [string, string, keyof EngineStats][] = [
  ["codellama_requests_running", "Sequences that the engine computes.", "running"],
  ["codellama_requests_queued", "Requests that wait for the engine.", "queued"],
  ["codellama_kv_cells_used", "KV cells of running sequences.", "kvCellsUsed"],
  ["codellama_kv_cells_cached", "KV cells kept for prompts to come.", "kvCellsCached"],
  ["codellama_kv_cells", "KV cells in all.", "kvCells"],
  ["codellama_prompt_cache_bytes", "Host memory for prompts.", "promptCacheBytes"],
  ["codellama_prefill_tokens_per_second", "Of the last seconds of work.", "prefillTokensPerSecond"],
  ["codellama_decode_tokens_per_second", "Of the last seconds of work.", "decodeTokensPerSecond"],
];

const totals: readonly [string, string, keyof EngineStats][] = [
  [
    "codellama_prefix_hit_tokens_total",
    "Prompt tokens found in the prefix cache.",
    "prefixHitTokens",
  ],
  ["codellama_prefix_miss_tokens_total", "Prompt tokens that were not.", "prefixMissTokens"],
  ["codellama_draft_tokens_total", "Tokens guessed by speculation.", "draftTokens"],
  ["codellama_accepted_tokens_total", "Of these, those that were right.", "acceptedTokens"],
];

/** What Prometheus is told. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "codellama_http_requests_total",
    help: "Answered requests.",
    labelNames: ["route", "status"],
    registers: [this.#registry],
  });
  readonly #duration = this.#histogram(
    "http_request_duration",
    "From the request to its answer's end.",
  );
  readonly #firstToken = this.#histogram(
    "time_to_first_token",
    "From the queue to the first new token.",
  );
  readonly #interval = this.#histogram("time_between_tokens", "Mean of an answer.");
  readonly #tokens = new Counter({
    name: "codellama_tokens_total",
    help: "Tokens of prompts, those of them that were cached, and of completions.",
    labelNames: ["kind", "key"],
    registers: [this.#registry],
  });

  /** @param stats - the engine's, or undefined while there is none */
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
      let told = 0;
      new Counter({
        name,
        help,
        registers: [this.#registry],
        collect() {
          const total = stats()?.[field] ?? told;
          this.inc(Math.max(total - told, 0));
          told = total;
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
