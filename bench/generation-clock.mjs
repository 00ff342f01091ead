/** Records when the tokens of a generation arrive, and computes rates from it. */
export class GenerationClock {
  #started = performance.now();
  #arrivals = [];

  /** Records that tokens have arrived. */
  arrived(count = 1) {
    const now = performance.now();
    for (let i = 0; i < count; i++) this.#arrivals.push(now);
  }

  get count() {
    return this.#arrivals.length;
  }

  /**
   * The result that every peer's `generate` returns. Times are as the caller sees them, with the transport.
   *
   * @param {{ promptTokens: number, tokens?: number[] }} facts
   */
  result({ promptTokens, tokens }) {
    const [first = performance.now()] = this.#arrivals;
    const decodeMs = performance.now() - first;
    const firstTokenMs = first - this.#started;
    return {
      tokens,
      firstTokenMs,
      arrivals: this.#arrivals.map((time) => performance.timeOrigin + time),
      prefillTokensPerSecond: (1000 * promptTokens) / firstTokenMs,
      decodeTokensPerSecond: (1000 * (this.#arrivals.length - 1)) / decodeMs,
    };
  }
}
