/** Computes the share of the fault-free windows in which the server was ready. */
import { ServerHealth } from '../events/server-health.ts';
import { type Span, secondsWithin } from '../events/span.ts';
import type { Observation } from '../events/time-order.ts';

const maxSpans = 100_000;

export class ServerReadiness {
  readonly #health = new ServerHealth();
  readonly #ready: Span[] = [];
  #since: number | null = null;
  #seen = false;

  add(event: Observation): void {
    if (event.type !== 'server_observed') return;
    this.#seen = true;
    if (this.#health.add(event).ready) this.#since ??= event.at;
    else if (this.#since !== null) {
      if (this.#ready.length < maxSpans) this.#ready.push({ fromAt: this.#since, toAt: event.at });
      this.#since = null;
    }
  }

  /** Share of `windows`, 0 to 1; null if the server was not observed or there are no windows. */
  shareOf(windows: readonly Span[], endsAt: number): number | null {
    const spans = this.#since === null ? this.#ready : [...this.#ready, { fromAt: this.#since, toAt: endsAt }];
    const wholeMs = windows.reduce((sum, { fromAt, toAt }) => sum + toAt - fromAt, 0);
    if (!this.#seen || wholeMs === 0) return null;
    return (windows.reduce((sum, window) => sum + secondsWithin(window, spans), 0) * 1_000) / wholeMs;
  }
}
