/**
 * Observes the server through a new connection to its health port every 75 ms, so that the times of
 * a kill and of a return are accurate to 0.1 s. Reports changes only.
 */
import { request } from 'node:http';
import type { SystemHealth } from '@encore/contracts';
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
