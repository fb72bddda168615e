/** At most one pressure at a time: the baseline, which is waited for, or a surge, which goes on beside the users. */
import type { Pressure, PressureResult } from '@encore/contracts';
import { describeError, EncoreError, type Logger } from '@encore/kit';
import { applyPressure } from './pressure.ts';

export class Surge implements AsyncDisposable {
  readonly #targetUrl: string;
  readonly #logger: Logger;
  #current: { stop: AbortController; result: Promise<PressureResult> } | null = null;

  constructor(targetUrl: string, logger: Logger) {
    this.#targetUrl = targetUrl;
    this.#logger = logger;
  }

  /** The result comes when it has ended. */
  start(pressure: Pressure): Promise<PressureResult> {
    if (this.#current) {
      throw new EncoreError('PRESSURE_ACTIVE', 'there is pressure already; end it first', {
        status: 409,
        definite: true,
      });
    }
    const stop = new AbortController();
    const result = applyPressure(this.#targetUrl, pressure, stop.signal).finally(() => {
      this.#current = null;
    });
    this.#current = { stop, result };
    result.then(
      (counts) => this.#logger.info(counts, 'pressure ended'),
      (error: unknown) => this.#logger.warn({ err: describeError(error) }, 'pressure failed'),
    );
    return result;
  }

  /** Ends it now; null when there was none. */
  async stop(): Promise<PressureResult | null> {
    const current = this.#current;
    if (!current) return null;
    current.stop.abort(new Error('stopped'));
    return current.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }
}
