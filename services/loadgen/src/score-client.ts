/**
 * The generator's own questions to the server, outside of the users' operations: listing, reading back, clearing up. They are
 * repeated while the server cannot answer, until a deadline; they are counted nowhere.
 */
import { storedScoreSchema } from '@encore/contracts';
import { type Clock, EncoreError } from '@encore/kit';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { parseJson } from './answer-checks.ts';
import { type Answer, type ExchangeRequest, exchange } from './exchange.ts';

const listSchema = z.object({ scores: z.array(storedScoreSchema), next: z.string().nullish() });
export type ListedScore = z.infer<typeof storedScoreSchema>;

export interface ScoreClientOptions {
  dispatcher: Dispatcher;
  clock: Clock;
  clientId: string;
  deadlineAt: number;
  signal: AbortSignal;
}

const names = 20;
const pageSize = 500;
const pauseMs = 500;
const attemptMs = 15_000;
const largestScoreMs = 120_000;
const maxPageBytes = 1 << 20;

export class ScoreClient {
  readonly #options: ScoreClientOptions;
  #requests = 0;

  constructor(options: ScoreClientOptions) {
    this.#options = options;
  }

  /** The content's hash and version as the server has it now; null when it says that there is no such score. */
  async read(id: string): Promise<{ sha256: string; version: number } | null> {
    const request: ExchangeRequest = { method: 'GET', path: `/scores/${id}`, headers: {}, read: 'hash' };
    const answer = await this.#ask(request, largestScoreMs, [200, 404]);
    if (answer.status === 404) return null;
    return { sha256: answer.sha256, version: Number(/"(\d+)"/.exec(answer.headers['etag'] ?? '')?.[1] ?? 0) };
  }

  async delete(id: string): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `/scores/${id}`, headers: {}, read: 'text' }, attemptMs, [204, 404]);
  }

  /** All scores whose id begins with `prefix`, page by page. */
  async *list(prefix: string): AsyncGenerator<ListedScore> {
    let after = '';
    for (;;) {
      const query = new URLSearchParams({ limit: String(pageSize) });
      if (prefix !== '') query.set('prefix', prefix);
      if (after !== '') query.set('after', after);
      const request: ExchangeRequest = { method: 'GET', path: `/scores?${query}`, headers: {}, read: 'text' };
      const answer = await this.#ask({ ...request, maxTextBytes: maxPageBytes }, attemptMs, [200]);
      const page = listSchema.safeParse(parseJson(answer.text));
      if (!page.success) throw new EncoreError('BAD_LIST', `not a list of scores: ${answer.text.slice(0, 200)}`);
      yield* page.data.scores;
      const { next } = page.data;
      if (next === null || next === undefined || next === '') return;
      after = next;
    }
  }

  async #ask(request: ExchangeRequest, timeoutMs: number, wanted: number[]): Promise<Answer> {
    const { dispatcher, clock, deadlineAt, signal } = this.#options;
    // Under several names, for the server limits the rate of each client.
    this.#requests += 1;
    const clientId = `${this.#options.clientId}-${this.#requests % names}`;
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
      if (end.how === 'answered' && wanted.includes(end.answer.status)) return end.answer;
      signal.throwIfAborted();
      if (clock.now() + pauseMs >= deadlineAt) {
        const last = end.how === 'answered' ? `status ${end.answer.status}` : end.how === 'broken' ? end.code : end.how;
        throw new EncoreError('NO_ANSWER', `${request.method} ${request.path}: ${last} until the deadline`, {
          status: 504,
        });
      }
      await clock.sleep(pauseMs, signal);
    }
  }
}
