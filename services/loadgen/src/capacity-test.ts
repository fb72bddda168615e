/** Runs at most one capacity test at a time; it ends early if the caller disconnects. */
import type { CapacityResult, CapacityTestRequest } from '@encore/contracts';
import { describeError, EncoreError, type Logger } from '@encore/kit';
import { type CapacityRequests, measureCapacity } from './capacity-load.ts';

export class CapacityTest implements AsyncDisposable {
  readonly #targetUrl: string;
  readonly #requests: CapacityRequests;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #current: Promise<CapacityResult> | null = null;

  constructor(targetUrl: string, requests: CapacityRequests, logger: Logger) {
    this.#targetUrl = targetUrl;
    this.#requests = requests;
    this.#logger = logger;
  }

  /** Resolves after `test.seconds`, or when the signal aborts, with the counts so far. */
  async measure(test: CapacityTestRequest, signal: AbortSignal): Promise<CapacityResult> {
    if (this.#current) {
      throw new EncoreError('CAPACITY_TEST_ACTIVE', 'a capacity test is already running; retry when it has ended');
    }
    this.#current = measureCapacity(
      this.#targetUrl,
      this.#requests,
      test,
      AbortSignal.any([signal, this.#closing.signal]),
    );
    try {
      const result = await this.#current;
      this.#logger.info(result, 'capacity test done');
      return result;
    } catch (error) {
      this.#logger.warn({ err: describeError(error) }, 'capacity test failed');
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
