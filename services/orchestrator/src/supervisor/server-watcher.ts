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
  health: Pick<SystemHealth, 'ready' | 'live'>;
  clock: Clock;
  onChange: (observation: ServerObservation) => void;
  everyMs?: number;
  deadlineMs?: number;
}

export interface ServerWatchersOptions {
  health: ReadonlyMap<Target, SystemHealth>;
  clock: Clock;
  onChange: (target: Target, observation: ServerObservation) => void;
}

export class ServerWatcher {
  readonly #options: ServerWatcherOptions;
  latest: ServerObservation | null = null;

  constructor(options: ServerWatcherOptions) {
    this.#options = options;
  }

  /** Probes until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { health, clock, everyMs = 75, deadlineMs = 1_500 } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.now();
      const observation = await probe(health.ready, deadlineMs, signal);
      // The ready endpoint may hang with a dependency; the live endpoint does not.
      if (observation.port && !observation.answered && health.live !== undefined)
        observation.answered = (await probe(health.live, Math.ceil(deadlineMs / 3), signal)).answered;
      if (signal.aborted) return;
      const last = this.latest;
      this.latest = observation;
      if (last === null || last.port !== observation.port || last.ready !== observation.ready)
        this.#options.onChange(observation);
      await clock.sleep(everyMs - (clock.now() - startedAt), signal).catch(() => undefined);
    }
  }
}

/** A watcher for each replica of the container whose recovery is judged. */
export class ServerWatchers {
  readonly #watchers: ReadonlyMap<Target, ServerWatcher>;

  constructor({ health, clock, onChange }: ServerWatchersOptions) {
    this.#watchers = new Map(
      Array.from(health, ([target, urls]) => [
        target,
        new ServerWatcher({ health: urls, clock, onChange: (observation) => onChange(target, observation) }),
      ]),
    );
  }

  /** The latest observation; null for a container that is not observed, such as the database. */
  latest(target: Target): ServerObservation | null {
    return this.#watchers.get(target)?.latest ?? null;
  }

  /** True while every replica is ready. */
  get ready(): boolean {
    return [...this.#watchers.values()].every(({ latest }) => latest?.ready === true);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.run(signal)));
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
