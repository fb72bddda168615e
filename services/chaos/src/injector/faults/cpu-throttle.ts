/** Lowers the current CPU limit. */
import { EncoreError } from '@encore/kit';
import type { ContainerView } from '../engine.ts';
import { originalLimitsOf } from '../targets.ts';
import { currentTarget, idOf, runningTarget } from './container-target.ts';
import type { FaultSpec, FaultTools } from './fault-spec.ts';

const defaultCpus = 0.25;
const everyMs = 250;
/** As long as an effect check may take, minus the engine's response times. */
const watchedMs = 6_000;

export const cpuThrottle: FaultSpec = {
  kind: 'cpu-throttle',
  instant: false,
  forbidsStart: false,
  does: 'Lowers the current CPU limit (to a quarter of one CPU by default).',
  revertedBy: 'The injector restores the original limit, from the label `encore.original.cpus`.',
  userSees: 'Responses are slow; the server rejects requests to protect itself.',
  pitfalls: 'Setting `0` does not remove a CPU limit; only the original value restores it.',
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    if (originalLimitsOf(view.labels).cpus === null)
      throw new EncoreError(
        'TARGET_REFUSED',
        `${view.name} has no label encore.original.cpus, so the limit could not be reverted`,
        {
          status: 409,
          definite: true,
        },
      );
    return { containerId: view.id, cpus: fault.params.cpus ?? defaultCpus };
  },
  inject: async (tools, active, signal) => {
    await tools.engine.updateCpus(idOf(active), active.saved.cpus ?? defaultCpus, signal);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const limit = active.saved.cpus ?? defaultCpus;
    const { cpus } = await tools.engine.inspect(idOf(active), signal);
    // A limit has an effect only if the target reaches it, so the kernel must have throttled it
    // there.
    const before = await tools.engine.stats(idOf(active), signal);
    const untilMs = tools.clock.now() + watchedMs;
    let periods = 0;
    while (periods === 0 && tools.clock.now() < untilMs) {
      await tools.clock.sleep(everyMs, signal);
      const after = await tools.engine.stats(idOf(active), signal);
      periods = after.throttledPeriods - before.throttledPeriods;
    }
    const effect = Math.abs(cpus - limit) < 0.001 && periods > 0 ? 'confirmed' : 'absent';
    return { effect, evidence: `limit ${cpus} CPUs, at which the kernel throttled it in ${periods} periods` };
  },
  readBack: async (tools, active, signal) => {
    const { cpus } = await currentTarget(tools, active, signal);
    const inPlace = Math.abs(cpus - (active.saved.cpus ?? defaultCpus)) < 0.001;
    return { inPlace, evidence: `the limit is ${cpus} CPUs` };
  },
  revert: async (tools, active, signal) => restoreCpus(tools, await currentTarget(tools, active, signal), signal),
  verifyReverted: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    return { verified: view.cpus === originalLimitsOf(view.labels).cpus, evidence: `the limit is ${view.cpus} CPUs` };
  },
};

export async function restoreCpus(
  { engine }: Pick<FaultTools, 'engine'>,
  view: ContainerView,
  signal: AbortSignal,
): Promise<void> {
  const { cpus } = originalLimitsOf(view.labels);
  if (cpus !== null && view.cpus !== 0 && view.cpus !== cpus) await engine.updateCpus(view.id, cpus, signal);
}
