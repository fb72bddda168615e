/** Runs at most one capacity test at a time; it ends early if the caller disconnects. */
import type { Pressure, PressureResult } from '@encore/contracts';
import { describeError, EncoreError, type Logger } from '@encore/kit';
import { applyPressure } from './pressure.ts';

export class Baseline implements AsyncDisposable {
  readonly #targetUrl: string;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #current: Promise<PressureResult> | null = null;

  constructor(targetUrl: string, logger: Logger) {
    this.#targetUrl = targetUrl;
    this.#logger = logger;
  }

  /** Resolves after `pressure.seconds`, or when the signal aborts, with the counts so far. */
  async measure(pressure: Pressure, signal: AbortSignal): Promise<PressureResult> {
    if (this.#current) {
      throw new EncoreError('PRESSURE_ACTIVE', 'a baseline is already being measured; retry when it has ended', {
        status: 409,
        definite: true,
      });
    }
    this.#current = applyPressure(this.#targetUrl, pressure, AbortSignal.any([signal, this.#closing.signal]));
    try {
      const result = await this.#current;
      this.#logger.info(result, 'baseline measured');
      return result;
    } catch (error) {
      this.#logger.warn({ err: describeError(error) }, 'baseline failed');
      throw error;
    } finally {
      this.#current = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('closing'));
    await this.#current?.catch(() => {});
  }
}
