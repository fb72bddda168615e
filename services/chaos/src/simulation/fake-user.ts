/**
 * The server as users see it, in virtual time: large scores time out, and five timeouts open the
 * tool's breaker.
 */
import { scoreIdSchema } from '@encore/contracts';
import { type Clock, EncoreError } from '@encore/kit';
import type { BreakerState, ServerUser } from '../injector/server-user.ts';

const failuresToOpen = 5;
const successesToClose = 2;
const slowBytes = 100_000;

export class FakeUser implements ServerUser {
  readonly scores = new Map<string, Uint8Array>();
  /** Shorter than a real server's, so that a fault of 10 s covers all of it. */
  toolTimeoutMs = 500;
  openMs = 2_000;
  readonly calls: string[] = [];
  readonly #clock: Clock;
  #failures = 0;
  #successes = 0;
  #openUntil: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new process of the server has closed breakers. */
  restart(): void {
    this.#failures = 0;
    this.#openUntil = null;
  }

  async store(scoreId: string, content: Uint8Array): Promise<void> {
    if (!scoreIdSchema.safeParse(scoreId).success) throw new EncoreError('INVALID_INPUT', `score id ${scoreId}`);
    this.scores.set(scoreId, content);
  }

  async remove(scoreId: string): Promise<void> {
    this.scores.delete(scoreId);
  }

  async analyze(tool: string, scoreId: string, signal: AbortSignal): Promise<string | null> {
    const end = await this.#answer(scoreId, signal);
    this.calls.push(`${tool} ${end ?? 'ok'}`);
    return end;
  }

  async breakers(): Promise<Record<string, BreakerState>> {
    return { database: 'closed', tool_KeyAnalysis: 'closed', tool_ChordAnalysis: this.#state };
  }

  get #state(): BreakerState {
    if (this.#openUntil === null) return 'closed';
    return this.#clock.now() < this.#openUntil ? 'open' : 'half_open';
  }

  async #answer(scoreId: string, signal: AbortSignal): Promise<string | null> {
    if (this.#state === 'open') return 'BREAKER_OPEN';
    const content = this.scores.get(scoreId);
    if (content === undefined) return 'NOT_FOUND';
    if (content.length > slowBytes) {
      await this.#clock.sleep(this.toolTimeoutMs, signal);
      this.#failures += 1;
      this.#successes = 0;
      if (this.#failures >= failuresToOpen) this.#openUntil = this.#clock.now() + this.openMs;
      return 'TOOL_TIMEOUT';
    }
    this.#failures = 0;
    this.#successes += 1;
    if (this.#successes >= successesToClose) this.#openUntil = null;
    return null;
  }
}
