/** How much of the time in control windows the server said that it was ready, from the direct watch. */
import type { EventOf } from '@encore/contracts';
import type { Span } from './span.ts';
import { secondsWithin } from './span.ts';

const maxSpans = 100_000;

export class ReadyWatch {
  readonly #ready: Span[] = [];
  #since: number | null = null;
  #seen = false;

  add(event: EventOf<'server_seen'>): void {
    this.#seen = true;
    if (event.ready) this.#since ??= event.at;
    else if (this.#since !== null) {
      if (this.#ready.length < maxSpans) this.#ready.push({ fromAt: this.#since, toAt: event.at });
      this.#since = null;
    }
  }

  shareOf(windows: readonly Span[], endsAt: number): number | null {
    const spans = this.#since === null ? this.#ready : [...this.#ready, { fromAt: this.#since, toAt: endsAt }];
    const wholeMs = windows.reduce((sum, { fromAt, toAt }) => sum + toAt - fromAt, 0);
    if (!this.#seen || wholeMs === 0) return null;
    return (windows.reduce((sum, window) => sum + secondsWithin(window, spans), 0) * 1_000) / wholeMs;
  }
}
