/** Lowers the current CPU limit. */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import type { ContainerView } from '../engine.ts';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  savedContainer,
  type TakesTime,
  type UsesEngine,
} from '../fault-functions.ts';
import { originalLimitsOf } from '../targets.ts';
import { currentTarget, runningTarget } from './container-target.ts';

type Tools = FindsTarget & TakesTime & UsesEngine<'updateCpus' | 'inspect' | 'stats'>;

const everyMs = 250;
/** As long as an effect check may take, minus the engine's response times. */
const watchedMs = 6_000;

export const cpuThrottle: FaultFunctions<ParamsOf<'cpu-throttle'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    if (originalLimitsOf(view.labels).cpus === null)
      throw new EncoreError(
        'TARGET_REFUSED',
        `${view.name} has no label encore.original.cpus, so the limit could not be reverted. Set the label to the value of cpus`,
      );
    return { containerId: view.id };
  },
  inject: async (tools, active, signal) => {
    await tools.engine.updateCpus(active.saved.containerId, active.fault.params.cpus, signal);
    return { engineAction: 'update' };
  },
  checkEffect: async ({ engine, clock }, { fault, saved: { containerId } }, signal) => {
    const { cpus } = await engine.inspect(containerId, signal);
    // A limit has an effect only if the target reaches it, so the evidence is that the kernel has
    // throttled the target.
    const before = await engine.stats(containerId, signal);
    const untilMs = clock.now() + watchedMs;
    let periods = 0;
    while (periods === 0 && clock.now() < untilMs) {
      await clock.sleep(everyMs, signal);
      const after = await engine.stats(containerId, signal);
      periods = after.throttledPeriods - before.throttledPeriods;
    }
    const effect = isLimit(cpus, fault.params.cpus) && periods > 0 ? 'confirmed' : 'absent';
    return { effect, evidence: `limited to ${cpus} CPUs; the kernel throttled the target in ${periods} periods` };
  },
  readBack: async (tools, active, signal) => {
    const { cpus } = await currentTarget(tools, active, signal);
    return { inPlace: isLimit(cpus, active.fault.params.cpus), evidence: `the limit is ${cpus} CPUs` };
  },
  // A limit outlives the process.
  endedBy: ['update'],
  revert: async (tools, active, signal) => {
    await restore(tools, await currentTarget(tools, active, signal), signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    return { verified: view.cpus === originalLimitsOf(view.labels).cpus, evidence: `the limit is ${view.cpus} CPUs` };
  },
  restoreOriginal: async (tools, target, signal) => restore(tools, await tools.targets.find(target, signal), signal),
};

const isLimit = (cpus: number, limit: number): boolean => Math.abs(cpus - limit) < 0.001;

/** A container that has no limit is left alone: its engine cannot set one. */
async function restore({ engine }: UsesEngine<'updateCpus'>, view: ContainerView, signal: AbortSignal) {
  const { cpus } = originalLimitsOf(view.labels);
  if (cpus === null || view.cpus === 0 || view.cpus === cpus) return null;
  await engine.updateCpus(view.id, cpus, signal);
  return `CPU limit of ${view.name}`;
}
