/**
 * Who may come in. At the head of a request, before its body is read: the client's rate, and whether there is room at all.
 * When the work begins: a place, in one of two classes. Heavy work gets at most half of the places, so it is shed first.
 *
 * Under overload hundreds of heads may come in one turn of the event loop, before the first of them has taken its place. So those
 * who were let in count as if they had, until they can have taken it: a refusal at the head costs a tenth of one after the body.
 *
 * Who would have to wait, and everybody under overload, is let in only as fast as the CPU allows: see CpuBudget.
 */
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';
import type { ServerConfig } from '../config.ts';
import type { ShedReason } from '../metrics.ts';
import type { CpuBudget } from './cpu-budget.ts';
import { Overload } from './overload.ts';
import { overloaded, Semaphore } from './semaphore.ts';
import { TokenBuckets } from './token-buckets.ts';

export type Cost = 'light' | 'heavy';

export interface AdmissionOptions {
  limits: ServerConfig;
  clock: Clock;
  /** Short of memory: heavy work is refused. */
  heavyRefused: () => boolean;
  stopping: () => boolean;
  /** Null where the CPU has no limit that we could know. */
  cpu: CpuBudget | null;
  onShed: (reason: ShedReason) => void;
}

const maxClients = 10_000;
const heavyShare = 0.5;
/** Of a queue: see Semaphore. */
const standingMs = 250;

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #all: Semaphore;
  readonly #heavy: Semaphore;
  readonly #clients: TokenBuckets;
  readonly #addresses: TokenBuckets;
  /** Let in during this turn of the event loop and the one before. */
  readonly #letIn = { light: 0, heavy: 0 };
  readonly #overload: Overload;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { limits, clock } = options;
    this.#overload = new Overload(clock);
    const shared = { maxWaitMs: limits.queue_timeout * 1_000, standingMs, refuse: () => this.#shed('OVERLOADED') };
    const places = limits.max_concurrent_requests;
    this.#all = new Semaphore({ ...shared, places, maxQueued: limits.max_queued_requests });
    this.#heavy = new Semaphore({
      ...shared,
      places: Math.max(1, Math.floor(places * heavyShare)),
      maxQueued: Math.floor(limits.max_queued_requests * heavyShare),
    });
    const { client_per_second, address_per_second, burst_seconds } = limits.rate_limit;
    const buckets = (perSecond: number) =>
      new TokenBuckets({ perSecond, burst: perSecond * burst_seconds, maxClients, clock });
    this.#clients = buckets(client_per_second);
    this.#addresses = buckets(address_per_second);
  }

  get stats(): { active: number; queued: number; heavy: number; heavy_queued: number } {
    return {
      active: this.#all.taken,
      queued: this.#all.queued,
      heavy: this.#heavy.taken,
      heavy_queued: this.#heavy.queued,
    };
  }

  /** At the head of a request. Null, or why it is refused. */
  refusal(clientId: string | undefined, address: string, cost: Cost): EncoreError | null {
    const known = clientId !== undefined && clientId.length <= 64;
    if (!(known ? this.#clients.take(clientId) : this.#addresses.take(address))) return this.#shed('RATE_LIMITED');
    const refusal = cost === 'heavy' ? this.#heavyRefusal() : null;
    if (refusal) return refusal;
    const fits = this.#fits(cost);
    this.#overload.count(!fits);
    if (!fits) return this.#shed('OVERLOADED');
    this.#expect(cost);
    return null;
  }

  #fits(cost: Cost): boolean {
    if (!this.#leaves('room', cost)) return false;
    if (this.#options.cpu?.take(cost) !== false) return true;
    return !this.#overload.on && this.#leaves('free', cost);
  }

  /** Whether those who were let in leave one of these to the next. */
  #leaves(what: 'free' | 'room', cost: Cost): boolean {
    const { light, heavy } = this.#letIn;
    return this.#all[what] > light + heavy && (cost === 'light' || this.#heavy[what] > heavy);
  }

  #expect(cost: Cost): void {
    this.#letIn[cost] += 1;
    // The body of a small request is read at the end of this turn; by the end of the next one its work has begun.
    setImmediate(() =>
      setImmediate(() => {
        this.#letIn[cost] -= 1;
      }),
    );
  }

  /** Around the work itself. Waiting for a slow client to send or to read needs no place. */
  async run<T>(cost: Cost, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (cost === 'light') return this.#all.run(work, signal);
    const refusal = this.#heavyRefusal();
    if (refusal) throw refusal;
    return this.#heavy.run(() => this.#all.run(work, signal), signal);
  }

  #heavyRefusal(): EncoreError | null {
    if (this.#options.heavyRefused()) return this.#shed('MEMORY');
    return this.#options.stopping() ? this.#shed('DRAINING') : null;
  }

  #shed(reason: ShedReason): EncoreError {
    this.#options.onShed(reason);
    return refusals[reason];
  }
}

/** Made once: under overload these are what the server hands out most, and a stack trace costs more than the rest of the answer. */
const refusals: Record<ShedReason, EncoreError> = {
  OVERLOADED: overloaded('the server has as much work as it can take'),
  MEMORY: overloaded('the server is short of memory and refuses heavy work'),
  RATE_LIMITED: new EncoreError('RATE_LIMITED', 'this client asks too often', { status: 429, definite: true }),
  DRAINING: new EncoreError('DRAINING', 'the server is stopping', { status: 503, definite: true }),
};
