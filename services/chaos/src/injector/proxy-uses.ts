/** Records each client of each proxy once per run, and whether it bypasses the proxy. */
import { describeError, type Logger } from '@encore/kit';
import { type Connected, type ReadConnections, usesOf } from './connections.ts';
import type { Engine } from './engine.ts';
import type { Deadline } from './fault-executor.ts';
import type { Recorder } from './recorder.ts';
import type { Targets } from './targets.ts';

interface Dependencies {
  engine: Engine;
  targets: Targets;
  readConnections: ReadConnections;
  recorder: Recorder;
  deadline: Deadline;
  logger: Logger;
}

const callMs = 4_000;

export class ProxyUses {
  readonly #dependencies: Dependencies;
  readonly #recorded = new Set<string>();
  /** No running container's connections are visible here, so looking again is of no use. */
  #isBlind = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** For the next run. */
  forget(): void {
    this.#recorded.clear();
    this.#isBlind = false;
  }

  async look(): Promise<void> {
    const { targets, recorder, logger } = this.#dependencies;
    if (this.#isBlind) return;
    try {
      for (const use of usesOf(await this.#connected(), targets)) {
        const id = JSON.stringify(use);
        if (this.#recorded.has(id)) continue;
        this.#recorded.add(id);
        recorder.recordVolatile({ type: 'proxy_used', ...use });
      }
    } catch (error) {
      logger.warn({ err: describeError(error) }, 'the connections of the containers could not be read');
    }
  }

  async #connected(): Promise<Connected[]> {
    const { engine, targets, readConnections, deadline } = this.#dependencies;
    const all = await engine.list(targets.project, deadline(callMs));
    const found = await Promise.all(
      all.map(async ({ id }) => {
        // A container that was just removed leaves a gap.
        const view = await engine.inspect(id, deadline(callMs)).catch(() => null);
        if (view === null) return [];
        return [{ view, connections: await readConnections(view) }];
      }),
    );
    const running = found.flat().filter(({ view }) => view.pid > 0);
    this.#isBlind = running.length > 0 && running.every(({ connections }) => connections === null);
    return found.flat().map(({ view, connections }) => ({ view, connections: connections ?? [] }));
  }
}
