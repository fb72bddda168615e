/**
 * Decides which requests are served. At the head of a request, before its body is read, it checks
 * the client's rate and whether a slot or the queue has capacity. The work itself then takes a
 * slot. Heavy work gets at most half of the slots, so it is refused first.
 *
 * Under overload, hundreds of requests may arrive in one turn of the event loop, before the first
 * of them takes its slot, so admitted requests count immediately. Refusing a request before its
 * body is read costs a tenth of refusing it afterwards.
 */
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';
import type { ShedReason } from '../metrics.ts';
import type { ServerConfig } from '../server-config.ts';
import { overloaded, Semaphore } from './semaphore.ts';
import { TokenBuckets } from './token-buckets.ts';

export type Cost = 'light' | 'heavy';

export interface AdmissionOptions {
  limits: ServerConfig;
  clock: Clock;
  /** Whether memory is low, so that heavy work is refused. */
  heavyRefused: () => boolean;
  stopping: () => boolean;
  onShed: (reason: ShedReason) => void;
}

/** Far more clients than a lab has; their names, of up to 64 characters, take at most 2 MB. */
const maxClients = 10_000;
/** Heavy work occupies a slot for seconds, so half of the slots stay free for light work. */
const heavyShare = 0.5;
/**
 * A larger score is heavy work. The MusicXML of a song is about 100 KB, that of an orchestral
 * score up to 50 MB, and the cost of storing and parsing is proportional to it.
 */
const heavyScoreBytes = 1024 * 1024;

export function costOfScore(bytes: number): Cost {
  return bytes > heavyScoreBytes ? 'heavy' : 'light';
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #all: Semaphore;
  readonly #heavy: Semaphore;
  readonly #clients: TokenBuckets;
  readonly #addresses: TokenBuckets;
  /** Admitted during this turn of the event loop and the previous one. */
  readonly #admitted = { light: 0, heavy: 0 };

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { limits, clock } = options;
    const slots = limits.max_concurrent_requests;
    const queue = {
      maxQueued: limits.max_queued_requests,
      maxWaitMs: limits.queue_timeout * 1_000,
      refuse: () => this.#shed('OVERLOADED'),
    };
    this.#all = new Semaphore({ ...queue, slots });
    this.#heavy = new Semaphore({ ...queue, slots: Math.max(1, Math.floor(slots * heavyShare)) });
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

  /** Checks a request once its headers have arrived. Returns null, or the error that refuses it. */
  refusal(clientId: string | undefined, address: string, cost: Cost): EncoreError | null {
    const known = clientId !== undefined && clientId.length <= 64;
    if (!(known ? this.#clients.take(clientId) : this.#addresses.take(address))) return this.#shed('RATE_LIMITED');
    const refusal = cost === 'heavy' ? this.#heavyRefusal() : null;
    if (refusal) return refusal;
    if (!this.#fits(cost)) return this.#shed('OVERLOADED');
    this.#countAdmitted(cost);
    return null;
  }

  /** Whether the requests that were just admitted leave capacity for one more. */
  #fits(cost: Cost): boolean {
    const { light, heavy } = this.#admitted;
    return this.#all.headroom > light + heavy && (cost === 'light' || this.#heavy.headroom > heavy);
  }

  #countAdmitted(cost: Cost): void {
    this.#admitted[cost] += 1;
    // The body of a small request is read at the end of this turn; by the end of the next one its
    // work has begun.
    setImmediate(() =>
      setImmediate(() => {
        this.#admitted[cost] -= 1;
      }),
    );
  }

  /** Runs the work itself in a slot. Waiting for a slow client to send or read needs no slot. */
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

/**
 * Created once: under overload these are frequent, and a stack trace costs more than the rest of
 * the response.
 */
const refusals: Record<ShedReason, EncoreError> = {
  OVERLOADED: overloaded('server overloaded'),
  MEMORY: overloaded('the server is low on memory and refuses heavy requests'),
  RATE_LIMITED: new EncoreError('RATE_LIMITED', 'rate limit exceeded; send fewer requests per second'),
  DRAINING: new EncoreError('DRAINING', 'the server is stopping; try again after it has restarted'),
};
