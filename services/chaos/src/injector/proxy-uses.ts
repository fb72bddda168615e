/** Records each client of each proxy once per run, and whether it bypasses the proxy. */
import { describeError } from '@encore/kit';
import { type Connected, ownersOf, type ReadConnections, usesOf } from './connections.ts';
import type { ContainerView } from './engine.ts';
import type { InjectorContext } from './injector-context.ts';

interface Dependencies extends Pick<InjectorContext, 'tools' | 'recorder' | 'deadline' | 'logger'> {
  readConnections: ReadConnections;
}

const callMs = 4_000;

export class ProxyUses {
  readonly #dependencies: Dependencies;
  /** Of the current run. */
  readonly #recorded = new Set<string>();
  /**
   * By address, the container that has or had it in the current run: a connection is in the table
   * of its peer for a minute after a crash, but the container has no address until it starts again.
   */
  readonly #owners = new Map<string, ContainerView>();
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
      this.#owners.clear();
      this.#isBlind = false;
    }
    if (this.#isBlind) return;
    try {
      const all = await this.#connected();
      for (const [address, view] of ownersOf(all)) this.#owners.set(address, view);
      for (const use of usesOf(all, tools.targets, this.#owners)) {
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
