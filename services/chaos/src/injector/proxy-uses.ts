/** Records each client of each proxy once per run, and whether it bypasses the proxy. */
import { describeError } from '@encore/kit';
import { type Connected, type ReadConnections, usesOf } from './connections.ts';
import type { InjectorContext } from './injector-context.ts';

interface Dependencies extends Pick<InjectorContext, 'tools' | 'recorder' | 'deadline' | 'logger'> {
  readConnections: ReadConnections;
}

const callMs = 4_000;

export class ProxyUses {
  readonly #dependencies: Dependencies;
  /** Of the current run. */
  readonly #recorded = new Set<string>();
  #runId = '';
  /** No running container's connections are visible here, so there is no point in looking again. */
  #isBlind = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async look(runId: string): Promise<void> {
    const { tools, recorder, logger } = this.#dependencies;
    if (runId !== this.#runId) {
      this.#runId = runId;
      this.#recorded.clear();
      this.#isBlind = false;
    }
    if (this.#isBlind) return;
    try {
      for (const use of usesOf(await this.#connected(), tools.targets)) {
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
    const { tools, readConnections, deadline } = this.#dependencies;
    const { engine, targets } = tools;
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
