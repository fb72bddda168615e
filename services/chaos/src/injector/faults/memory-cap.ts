/**
 * Lowers the current memory limit to the target's usage plus a margin. Never below the usage:
 * cgroup v1 would refuse, v2 would kill at once.
 */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { z } from 'zod';
import type { ContainerView } from '../engine.ts';
import { type FaultFunctions, type FindsTarget, savedContainer, type UsesEngine } from '../fault-functions.ts';
import { originalLimitsOf } from '../targets.ts';
import { currentTarget, runningTarget } from './container-target.ts';

type Tools = FindsTarget & UsesEngine<'updateMemory' | 'stats'>;
const saved = savedContainer.extend({ limitBytes: z.number() });

const mebibyte = 1_048_576;
/** A cap that lowers the limit by less than this share would have no effect. */
const minSqueeze = 0.05;

export const memoryCap: FaultFunctions<ParamsOf<'memory-cap'>, Tools, z.infer<typeof saved>> = {
  saved,
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    const original = originalLimitsOf(view.labels);
    if (original.memoryBytes === null)
      throw new EncoreError(
        'TARGET_REFUSED',
        `${view.name} has no label encore.original.memory, so a cap could not be reverted`,
        {
          status: 409,
          definite: true,
        },
      );
    const { memoryBytes } = await tools.engine.stats(view.id, signal);
    const wanted = memoryBytes + fault.params.marginBytes;
    const limitBytes = Math.ceil(wanted / mebibyte) * mebibyte;
    if (limitBytes > original.memoryBytes * (1 - minSqueeze))
      throw new EncoreError(
        'ENGINE_REFUSED',
        `the target uses ${mebibytes(memoryBytes)} of ${mebibytes(original.memoryBytes)}: a cap with this margin would have no effect`,
        { status: 409, definite: true },
      );
    return { containerId: view.id, limitBytes };
  },
  inject: async (tools, active, signal) => {
    const { containerId, limitBytes } = active.saved;
    await tools.engine.updateMemory(containerId, limitBytes, limitBytes, signal);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const { containerId, limitBytes } = active.saved;
    const { memoryLimitBytes, memoryBytes } = await tools.engine.stats(containerId, signal);
    // The kernel rounds to pages.
    const same = Math.abs(memoryLimitBytes - limitBytes) < 65_536;
    return {
      effect: same ? 'confirmed' : 'absent',
      evidence: `the kernel’s limit is ${mebibytes(memoryLimitBytes)}, usage ${mebibytes(memoryBytes)}`,
    };
  },
  readBack: async (tools, active, signal) => {
    const { memoryBytes } = await currentTarget(tools, active, signal);
    return { inPlace: memoryBytes === active.saved.limitBytes, evidence: `the limit is ${mebibytes(memoryBytes)}` };
  },
  revert: async (tools, active, signal) => {
    await restore(tools, await currentTarget(tools, active, signal), signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    const { memoryBytes } = originalLimitsOf(view.labels);
    return { verified: view.memoryBytes === memoryBytes, evidence: `the limit is ${mebibytes(view.memoryBytes)}` };
  },
  // Under the cap it might not come up again.
  onTargetDied: () => true,
  restoreOriginal: async (tools, target, signal) => restore(tools, await tools.targets.find(target, signal), signal),
};

/**
 * Restores the limits in the labels. A container without a limit stays without: the engine cannot
 * set one.
 */
async function restore({ engine }: UsesEngine<'updateMemory'>, view: ContainerView, signal: AbortSignal) {
  const { memoryBytes, memswapBytes } = originalLimitsOf(view.labels);
  if (memoryBytes === null || memswapBytes === null || view.memoryBytes === 0) return null;
  if (view.memoryBytes === memoryBytes && view.memswapBytes === memswapBytes) return null;
  await engine.updateMemory(view.id, memoryBytes, memswapBytes, signal);
  return `memory limit of ${view.name}`;
}

const mebibytes = (bytes: number): string => `${(bytes / mebibyte).toFixed(0)} MiB`;
