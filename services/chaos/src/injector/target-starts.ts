/** Starts and restarts targets on request, unless an active fault forbids it. */
import type { StartRequest, Target } from '@encore/contracts';
import { containerNames, EncoreError, runsProxies } from '@encore/kit';
import type { ContainerView } from './engine.ts';
import type { InjectorContext } from './injector-context.ts';

interface Dependencies extends Pick<InjectorContext, 'tools' | 'registry' | 'lock' | 'deadline'> {
  /** Throws RUN_OVER unless this run has the lease. */
  requireRun: (runId: string) => void;
}

const findMs = 5_000;
const restartMs = 25_000;

export class TargetStarts {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  start(target: Target, request: StartRequest): Promise<void> {
    return this.#withTarget(target, request, async (view, signal) => {
      if (!['exited', 'created', 'dead'].includes(view.status))
        throw new EncoreError('NOT_STOPPED', `${target} is ${view.status}; only a stopped target can be started`);
      await this.#dependencies.tools.starts.start(view, request.actor, request.reason, signal);
    });
  }

  restart(target: Target, request: StartRequest): Promise<void> {
    return this.#withTarget(target, request, (view, signal) =>
      this.#dependencies.tools.starts.restart(view, request.actor, request.reason, signal),
    );
  }

  async #withTarget(
    target: Target,
    request: StartRequest,
    act: (view: ContainerView, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { tools, registry, lock, deadline, requireRun } = this.#dependencies;
    const { system } = tools.targets;
    if (!containerNames(system).includes(target) || runsProxies(system, target))
      throw new EncoreError('INVALID_INPUT', `${target} is not a container that Encore starts`);
    requireRun(request.runId);
    await lock.run(target, async () => {
      if (registry.on(target).some(({ behaviour }) => behaviour.forbidsStart))
        throw new EncoreError('START_FORBIDDEN', `an active fault on ${target} forbids starting it`);
      await act(await tools.targets.find(target, deadline(findMs)), deadline(restartMs));
    });
  }
}
