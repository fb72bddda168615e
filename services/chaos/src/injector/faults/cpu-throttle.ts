/** Lowers the current CPU limit. */
import { EncoreError } from '@encore/kit';
import type { ContainerView } from '../engine.ts';
import { baselineOf } from '../targets.ts';
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
  undoneBy: 'The injector restores the limit in the baseline label.',
  userSees: 'Responses are slow; the server rejects requests to protect itself.',
  pitfalls: 'Setting `0` does not remove a CPU limit; only the original value restores it.',
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    if (baselineOf(view.labels).cpus === null)
      throw new EncoreError(
        'TARGET_REFUSED',
        `${view.name} has no baseline label for its CPUs, so the limit could not be reverted`,
        {
          status: 409,
          definite: true,
        },
      );
    return { containerId: view.id, cpus: fault.params.cpus ?? defaultCpus };
  },
  act: async (tools, deed, signal) => {
    await tools.engine.updateCpus(idOf(deed), deed.saved.cpus ?? defaultCpus, signal);
    return {};
  },
  bite: async (tools, deed, signal) => {
    const limit = deed.saved.cpus ?? defaultCpus;
    const { cpus } = await tools.engine.inspect(idOf(deed), signal);
    // A limit has an effect only if the target reaches it, so the kernel must have throttled it
    // there.
    const before = await tools.engine.stats(idOf(deed), signal);
    const untilMs = tools.clock.now() + watchedMs;
    let periods = 0;
    while (periods === 0 && tools.clock.now() < untilMs) {
      await tools.clock.sleep(everyMs, signal);
      const after = await tools.engine.stats(idOf(deed), signal);
      periods = after.throttledPeriods - before.throttledPeriods;
    }
    const bit = Math.abs(cpus - limit) < 0.001 && periods > 0 ? 'yes' : 'no';
    return { bit, evidence: `limit ${cpus} CPUs, at which the kernel throttled it in ${periods} periods` };
  },
  readBack: async (tools, deed, signal) => {
    const { cpus } = await currentTarget(tools, deed, signal);
    const inPlace = Math.abs(cpus - (deed.saved.cpus ?? defaultCpus)) < 0.001;
    return { inPlace, evidence: `the limit is ${cpus} CPUs` };
  },
  undo: async (tools, deed, signal) => restoreCpus(tools, await currentTarget(tools, deed, signal), signal),
  verify: async (tools, deed, signal) => {
    const view = await currentTarget(tools, deed, signal);
    return { verified: view.cpus === baselineOf(view.labels).cpus, evidence: `the limit is ${view.cpus} CPUs` };
  },
};

export async function restoreCpus(
  { engine }: Pick<FaultTools, 'engine'>,
  view: ContainerView,
  signal: AbortSignal,
): Promise<void> {
  const { cpus } = baselineOf(view.labels);
  if (cpus !== null && view.cpus !== 0 && view.cpus !== cpus) await engine.updateCpus(view.id, cpus, signal);
}
