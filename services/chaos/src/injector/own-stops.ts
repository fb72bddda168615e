/**
 * Remembers which stops of a container the lab itself requested: by a fault that kills its target,
 * or by a start or restart. Positions in the engine's event stream decide, because the engine has
 * its own clock.
 */
import type { Clock } from '@encore/kit';
import type { EngineWatch, NumberedEvent } from './engine-watch.ts';

/** A request older than this does not explain a stop. */
const validMs = 60_000;
const maxRequests = 20;

export class OwnStops {
  readonly #watch: Pick<EngineWatch, 'mark' | 'find'>;
  readonly #clock: Clock;
  #requests: { containerId: string; mark: number; atMs: number }[] = [];

  constructor(watch: Pick<EngineWatch, 'mark' | 'find'>, clock: Clock) {
    this.#watch = watch;
    this.#clock = clock;
  }

  /** Call before the request. */
  expect(containerId: string): void {
    const request = { containerId, mark: this.#watch.mark(), atMs: this.#clock.now() };
    this.#requests = [...this.#requests.slice(1 - maxRequests), request];
  }

  /** A request explains what follows it, up to the next start of the container. */
  explains({ number, event: { containerId, atMs } }: NumberedEvent): boolean {
    return this.#requests.some(
      (request) =>
        request.containerId === containerId &&
        request.mark < number &&
        atMs - request.atMs < validMs &&
        this.#watch.find((event) => event.containerId === containerId && event.action === 'start', {
          after: request.mark,
          before: number,
        }) === null,
    );
  }
}
