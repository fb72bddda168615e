/**
 * The orchestrator's own eye on the server: a new connection to the health port every 75 ms, so that a kill and a
 * return are seen to a tenth of a second. What is seen is told on change only.
 */
import { request } from 'node:http';
import type { Clock } from '@encore/kit';

export interface Sight {
  /** The health port accepts a connection. */
  port: boolean;
  /** The server gave an answer, whatever it was. */
  answered: boolean;
  ready: boolean;
}

export interface ServerWatchOptions {
  url: string;
  clock: Clock;
  onChange: (sight: Sight) => void;
  everyMs?: number;
  deadlineMs?: number;
}

export class ServerWatch {
  readonly #options: ServerWatchOptions;
  sight: Sight | null = null;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  /** Looks until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { url, clock, everyMs = 75, deadlineMs = 1_500 } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.now();
      const sight = await lookAt(`${url}/health/ready`, deadlineMs, signal);
      // Ready may wait for the database; whether anybody is there at all is another question.
      if (sight.port && !sight.answered)
        sight.answered = (await lookAt(`${url}/health/live`, Math.ceil(deadlineMs / 3), signal)).answered;
      if (signal.aborted) return;
      const last = this.sight;
      this.sight = sight;
      if (last === null || last.port !== sight.port || last.ready !== sight.ready) this.#options.onChange(sight);
      await clock.sleep(everyMs - (clock.now() - startedAt), signal).catch(() => undefined);
    }
  }
}

/** One look with a connection of its own: a kept one would tell of the process that is gone. */
function lookAt(url: string, deadlineMs: number, signal: AbortSignal): Promise<Sight> {
  return new Promise((resolve) => {
    const sight: Sight = { port: false, answered: false, ready: false };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    const asked = request(url, { agent: false, signal: deadline, headers: { connection: 'close' } }, (response) => {
      sight.answered = true;
      sight.ready = response.statusCode === 200;
      response.resume();
      asked.destroy();
      resolve(sight);
    });
    asked.on('socket', (socket) => socket.once('connect', () => (sight.port = true)));
    asked.on('error', () => resolve(sight));
    asked.end();
  });
}
