/**
 * The process engine: containers by id or name, their events, and a poll for out-of-memory kills.
 */
import { type Clock, systemClock } from '@encore/kit';
import { Container } from './container.ts';
import type { ContainerSpec } from './container-spec.ts';
import { EngineError } from './engine-error.ts';
import { EngineEvents } from './engine-events.ts';
import type { LimitGroup } from './limit-group.ts';
import { openLimitGroup } from './open-limit-group.ts';
import type { Reaper } from './reaper.ts';

const oomCheckMs = 250;

export class Engine implements AsyncDisposable {
  readonly events = new EngineEvents();
  readonly #clock: Clock;
  readonly #reaper: Reaper;
  readonly #containers: Container[] = [];
  readonly #oomWatch: NodeJS.Timeout;

  constructor(reaper: Reaper, clock: Clock = systemClock) {
    this.#reaper = reaper;
    this.#clock = clock;
    this.#oomWatch = setInterval(() => {
      for (const container of this.#containers) container.checkOom();
    }, oomCheckMs);
    this.#oomWatch.unref();
  }

  get containers(): readonly Container[] {
    return this.#containers;
  }

  get now(): number {
    return this.#clock.now();
  }

  /** Opens a control group for the container; null where none is writable. */
  openLimits(spec: ContainerSpec): LimitGroup | null {
    return spec.limits ? openLimitGroup(process.pid, spec.name) : null;
  }

  create(spec: ContainerSpec, group: LimitGroup | null = this.openLimits(spec)): Container {
    const context = { clock: this.#clock, events: this.events, reaper: this.#reaper, group };
    const container = new Container(spec, context);
    this.#containers.push(container);
    return container;
  }

  /** Finds a container by full id, by an unambiguous id prefix, or by name. */
  find(reference: string): Container {
    const named = this.#containers.find(
      ({ id, spec }) => id === reference || spec.name === reference.replace(/^\//, ''),
    );
    if (named) return named;
    const [first, second] = this.#containers.filter(({ id }) => id.startsWith(reference));
    if (first && !second && reference !== '') return first;
    throw new EngineError(404, `No such container: ${reference}`);
  }

  async remove(reference: string): Promise<void> {
    const container = this.find(reference);
    this.#containers.splice(this.#containers.indexOf(container), 1);
    await container[Symbol.asyncDispose]();
  }

  /** Stops all containers, newest first, each within `graceMs`. */
  async shutDown(graceMs: number): Promise<void> {
    for (const container of [...this.#containers].reverse()) {
      if (container.state.status === 'paused') container.unpause();
      await container.stop(Math.min(graceMs, container.spec.stopGraceMs));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#oomWatch);
    await Promise.all(this.#containers.splice(0).map((container) => container[Symbol.asyncDispose]()));
  }
}
