/**
 * Observes the server through a new connection to its health port every 75 ms, so that the times of
 * a kill and of a return are accurate to 0.1 s. Reports changes only.
 */
import { request } from 'node:http';
import type { SystemHealth, Target } from '@encore/contracts';
import type { Clock } from '@encore/kit';

export interface ServerObservation {
  /** The health port accepts a connection. */
  port: boolean;
  /** The server sent a response of any status. */
  answered: boolean;
  ready: boolean;
}

export interface ServerWatcherOptions {
  /** Where each replica of the container whose recovery is judged reports its health. */
  health: ReadonlyMap<Target, Pick<SystemHealth, 'ready' | 'live'>>;
  clock: Clock;
  onChange: (target: Target, observation: ServerObservation) => void;
  everyMs?: number;
  deadlineMs?: number;
}

export class ServerWatcher {
  readonly #options: ServerWatcherOptions;
  readonly #latest = new Map<Target, ServerObservation>();

  constructor(options: ServerWatcherOptions) {
    this.#options = options;
  }

  /** The latest observation; null for a container that is not observed, such as the database. */
  latest(target: Target): ServerObservation | null {
    return this.#latest.get(target) ?? null;
  }

  /** True while every replica is ready. */
  get ready(): boolean {
    return [...this.#options.health.keys()].every((target) => this.latest(target)?.ready === true);
  }

  /** Probes every replica until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#options.health, ([target, urls]) => this.#watch(target, urls, signal)));
  }

  async #watch(target: Target, { ready, live }: Pick<SystemHealth, 'ready' | 'live'>, signal: AbortSignal) {
    const { clock, everyMs = 75, deadlineMs = 1_500 } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.now();
      const observation = await probe(ready, deadlineMs, signal);
      // The ready endpoint may hang with a dependency; the live endpoint does not.
      if (observation.port && !observation.answered && live !== undefined)
        observation.answered = (await probe(live, Math.ceil(deadlineMs / 3), signal)).answered;
      if (signal.aborted) return;
      const last = this.latest(target);
      this.#latest.set(target, observation);
      if (last === null || last.port !== observation.port || last.ready !== observation.ready)
        this.#options.onChange(target, observation);
      await clock.sleep(everyMs - (clock.now() - startedAt), signal).catch(() => undefined);
    }
  }
}

/** Uses a new connection: a kept-alive one may belong to the previous process. */
function probe(url: string, deadlineMs: number, signal: AbortSignal): Promise<ServerObservation> {
  return new Promise((resolve) => {
    const observation: ServerObservation = { port: false, answered: false, ready: false };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    const sent = request(url, { agent: false, signal: deadline, headers: { connection: 'close' } }, (response) => {
      observation.answered = true;
      observation.ready = response.statusCode === 200;
      response.resume();
      sent.destroy();
      resolve(observation);
    });
    sent.on('socket', (socket) => socket.once('connect', () => (observation.port = true)));
    sent.on('error', () => resolve(observation));
    sent.end();
  });
}
