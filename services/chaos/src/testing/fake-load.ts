/**
 * The load generator and the server's breaker in virtual time: slow calls time out, and five
 * timeouts open the breaker.
 */
import { type LoadFaultRequest, type LoadFaultStatus, type LoadFaults, loadFaultIdSchema } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import type { BreakerState, LoadClient } from '../injector/load-client.ts';

const failuresToOpen = 5;
const successesToClose = 2;
const slowCalls = 8;
export const stalledBreaker = 'tool_A';

interface Running {
  status(): LoadFaultStatus;
  stop: AbortController;
  ended: Promise<void>;
}

export class FakeLoad implements LoadClient {
  /** Ids that stalls stored. */
  readonly objects = new Set<string>();
  /** Shorter than a real server's, so that a fault of 10 s covers all of it. */
  callTimeoutMs = 500;
  openMs = 2_000;
  /** How each call ended. */
  readonly calls: string[] = [];
  readonly #clock: Clock;
  readonly #running = new Map<string, Running>();
  #failures = 0;
  #successes = 0;
  #openUntil: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async named(): Promise<LoadFaults> {
    return { stall: { breaker: stalledBreaker } };
  }

  async start(id: string, request: LoadFaultRequest): Promise<void> {
    loadFaultIdSchema.parse(id);
    if (this.#running.get(id)?.status().isOver === false) return;
    const stop = new AbortController();
    if (request.action === 'stall') {
      const status = { isOver: false, answers: 0, ends: [] as string[] };
      const ended = this.#stall(id, status.ends, stop.signal).finally(() => {
        status.isOver = true;
      });
      this.#running.set(id, { status: () => status, stop, ended });
      return;
    }
    const from = this.#clock.now();
    const answers = () => ((this.#clock.now() - from) / 1_000) * request.requestsPerSecond;
    const status = () => ({ isOver: stop.signal.aborted, answers: answers(), ends: [] });
    this.#running.set(id, { status, stop, ended: Promise.resolve() });
  }

  async status(id: string): Promise<LoadFaultStatus | null> {
    return this.#running.get(id)?.status() ?? null;
  }

  async quickCall(): Promise<void> {
    this.calls.push(this.#quickEnd());
  }

  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.stop.abort(new Error('it is ended'));
    await running?.ended;
    for (const object of this.objects) if (object.startsWith(id)) this.objects.delete(object);
    this.#running.delete(id);
  }

  async breakers(): Promise<Record<string, BreakerState>> {
    return { database: 'closed', tool_B: 'closed', [stalledBreaker]: this.#state };
  }

  /** Ids of the running spikes. */
  get spikes(): string[] {
    return [...this.#running].filter(([, { status }]) => !status().isOver).map(([id]) => id);
  }

  /** Ends the spikes early. */
  endSpikes(): void {
    for (const { stop } of this.#running.values()) stop.abort(new Error('it is over'));
  }

  /** A new process of the server has closed breakers. */
  restartServer(): void {
    this.#failures = 0;
    this.#openUntil = null;
  }

  get #state(): BreakerState {
    if (this.#openUntil === null) return 'closed';
    return this.#clock.now() < this.#openUntil ? 'open' : 'half_open';
  }

  async #stall(id: string, ends: string[], signal: AbortSignal): Promise<void> {
    for (let number = 1; number <= slowCalls; number += 1) {
      this.objects.add(`${id}-${number}`);
      const end = await this.#slowEnd(signal).catch(() => 'cancelled');
      ends.push(end);
      this.calls.push(end);
      if (signal.aborted || end === 'BREAKER_OPEN') return;
    }
  }

  async #slowEnd(signal: AbortSignal): Promise<string> {
    if (this.#state === 'open') return 'BREAKER_OPEN';
    await this.#clock.sleep(this.callTimeoutMs, signal);
    this.#failures += 1;
    this.#successes = 0;
    if (this.#failures >= failuresToOpen) this.#openUntil = this.#clock.now() + this.openMs;
    return 'TIMEOUT';
  }

  #quickEnd(): string {
    if (this.#state === 'open') return 'BREAKER_OPEN';
    this.#failures = 0;
    this.#successes += 1;
    if (this.#successes >= successesToClose) this.#openUntil = null;
    return 'ok';
  }
}
