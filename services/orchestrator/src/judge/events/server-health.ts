/**
 * Combines what is observed of each replica of the container whose recovery is judged: the server
 * is ready when every observed replica is.
 */
import type { EventOf } from '@encore/contracts';

type Observed = EventOf<'server_observed'>;

export class ServerHealth {
  readonly #latest = new Map<string, Observed>();

  /** Returns the observation of the server as a whole. */
  add(event: Observed): Observed {
    this.#latest.set(event.target ?? '', event);
    const all = [...this.#latest.values()];
    const { target: _, ...whole } = event;
    return { ...whole, port: all.every(({ port }) => port), ready: all.every(({ ready }) => ready) };
  }
}
