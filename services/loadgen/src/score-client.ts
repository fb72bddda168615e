/**
 * The generator's own requests: listing, reading back and deleting scores. They are retried until a
 * deadline and not counted in any figure.
 */
import { storedScoreSchema } from '@encore/contracts';
import { type Clock, EncoreError } from '@encore/kit';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { type ExchangeRequest, exchange, type HttpResponse } from './exchange.ts';
import { parseJson } from './response-checks.ts';

const listSchema = z.object({ scores: z.array(storedScoreSchema), next: z.string().nullish() });
export type ListedScore = z.infer<typeof storedScoreSchema>;

export interface ScoreClientOptions {
  dispatcher: Dispatcher;
  clock: Clock;
  clientId: string;
  deadlineAt: number;
  signal: AbortSignal;
}

const clientIds = 20;
const pageSize = 500;
const backoffMs = 500;
const attemptMs = 15_000;
const maxReadMs = 120_000;
const maxPageBytes = 1 << 20;

export class ScoreClient {
  readonly #options: ScoreClientOptions;
  #requests = 0;

  constructor(options: ScoreClientOptions) {
    this.#options = options;
  }

  /** Returns hash and version of the stored score; null if the server has no such score. */
  async read(id: string): Promise<{ sha256: string; version: number } | null> {
    const request: ExchangeRequest = { method: 'GET', path: `/scores/${id}`, headers: {}, read: 'hash' };
    const response = await this.#request(request, maxReadMs, [200, 404]);
    if (response.status === 404) return null;
    return { sha256: response.sha256, version: Number(/"(\d+)"/.exec(response.headers['etag'] ?? '')?.[1] ?? 0) };
  }

  async delete(id: string): Promise<void> {
    await this.#request({ method: 'DELETE', path: `/scores/${id}`, headers: {}, read: 'text' }, attemptMs, [204, 404]);
  }

  /** Yields all scores whose id starts with `prefix`. */
  async *list(prefix: string): AsyncGenerator<ListedScore> {
    let after = '';
    for (;;) {
      const query = new URLSearchParams({ limit: String(pageSize) });
      if (prefix !== '') query.set('prefix', prefix);
      if (after !== '') query.set('after', after);
      const request: ExchangeRequest = { method: 'GET', path: `/scores?${query}`, headers: {}, read: 'text' };
      const response = await this.#request({ ...request, maxTextBytes: maxPageBytes }, attemptMs, [200]);
      const page = listSchema.safeParse(parseJson(response.text));
      if (!page.success)
        throw new EncoreError('BAD_LIST', `GET /scores returned no list of scores: ${response.text.slice(0, 200)}`);
      yield* page.data.scores;
      const { next } = page.data;
      if (next === null || next === undefined || next === '') return;
      after = next;
    }
  }

  async #request(request: ExchangeRequest, timeoutMs: number, expected: number[]): Promise<HttpResponse> {
    const { dispatcher, clock, deadlineAt, signal } = this.#options;
    // Rotates client ids, because the server limits the rate per client.
    this.#requests += 1;
    const clientId = `${this.#options.clientId}-${this.#requests % clientIds}`;
    for (;;) {
      const end = await exchange(
        dispatcher,
        { ...request, headers: { ...request.headers, 'x-client-id': clientId } },
        {
          deadlineAt: Math.min(deadlineAt, clock.now() + timeoutMs),
          headersTimeoutMs: 0,
          bodyTimeoutMs: attemptMs,
          cancel: signal,
          now: clock.now,
        },
      );
      if (end.kind === 'answered' && expected.includes(end.response.status)) return end.response;
      signal.throwIfAborted();
      if (clock.now() + backoffMs >= deadlineAt) {
        const last =
          end.kind === 'answered' ? `status ${end.response.status}` : end.kind === 'error' ? end.code : end.kind;
        throw new EncoreError(
          'NO_ANSWER',
          `${request.method} ${request.path}: no usable response before the deadline; last: ${last}`,
          {
            status: 504,
          },
        );
      }
      await clock.sleep(backoffMs, signal);
    }
  }
}
