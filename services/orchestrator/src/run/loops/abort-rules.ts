/**
 * Ends a run early at the user's own limits (`abort` in the settings): when a metric's rule has
 * been broken for that many seconds in a row.
 */
export class AbortRules {
  readonly #seconds: readonly (readonly [metric: string, seconds: number])[];
  readonly #brokenSince = new Map<string, number>();

  constructor(seconds: Readonly<Record<string, number>>) {
    this.#seconds = Object.entries(seconds);
  }

  get isEmpty(): boolean {
    return this.#seconds.length === 0;
  }

  /** `broken`: metrics whose rule is broken now. Returns why the run must end, or null. */
  evaluate(now: number, broken: readonly string[]): string | null {
    for (const [metric, seconds] of this.#seconds) {
      const since = broken.includes(metric) ? (this.#brokenSince.get(metric) ?? now) : null;
      if (since === null) this.#brokenSince.delete(metric);
      else this.#brokenSince.set(metric, since);
      if (since !== null && now - since >= seconds * 1_000)
        return `the rule of ${metric} has been broken for ${seconds} s (setting abort)`;
    }
    return null;
  }
}
