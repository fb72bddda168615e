/**
 * Lowers the current memory limit to the target's usage plus a margin. Never below the usage:
 * cgroup v1 would refuse that limit, v2 would kill the target at once.
 */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { z } from 'zod';
import type { ContainerView } from '../engine.ts';
import { type FaultFunctions, type FindsTarget, savedContainer, type UsesEngine } from '../fault-functions.ts';
import { originalLimitsOf } from '../targets.ts';
import { currentTarget, runningTarget } from './container-target.ts';

type Tools = FindsTarget & UsesEngine<'updateMemory' | 'stats'>;
const saved = savedContainer.extend({
  limitBytes: z.number(),
  /** False on a kernel that does not account for swap: the engine then reports no swap limit. */
  limitsSwap: z.boolean(),
});

const mebibyte = 1_048_576;
/** A cap that lowers the limit by less than this share would have no effect. */
const minReduction = 0.05;

export const memoryCap: FaultFunctions<ParamsOf<'memory-cap'>, Tools, z.infer<typeof saved>> = {
  saved,
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    const original = originalLimitsOf(view.labels);
    if (original.memoryBytes === null)
      throw new EncoreError(
        'TARGET_REFUSED',
        `${view.name} has no label encore.original.memory, so a cap could not be reverted. Set the label to the value of mem_limit, in bytes`,
      );
    const { memoryBytes } = await tools.engine.stats(view.id, signal);
    const wanted = memoryBytes + fault.params.marginBytes;
    const limitBytes = Math.ceil(wanted / mebibyte) * mebibyte;
    if (limitBytes > original.memoryBytes * (1 - minReduction))
      throw new EncoreError(
        'ENGINE_REFUSED',
        `the target uses ${megabytes(memoryBytes)} of ${megabytes(original.memoryBytes)}: a cap with this margin would have no effect. Use a smaller marginBytes`,
      );
    return { containerId: view.id, limitBytes, limitsSwap: view.memswapBytes > 0 };
  },
  inject: async (tools, active, signal) => {
    const { containerId, limitBytes } = active.saved;
    await tools.engine.updateMemory(containerId, limitBytes, limitBytes, signal);
    return { engineAction: 'update' };
  },
  checkEffect: async (tools, active, signal) => {
    const { containerId, limitBytes } = active.saved;
    const { memoryLimitBytes, memoryBytes } = await tools.engine.stats(containerId, signal);
    // The kernel rounds to pages.
    const same = Math.abs(memoryLimitBytes - limitBytes) < 65_536;
    return {
      effect: same ? 'confirmed' : 'absent',
      evidence: `the kernel limits the target to ${megabytes(memoryLimitBytes)}; it uses ${megabytes(memoryBytes)}`,
    };
  },
  readBack: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    const { limitBytes, limitsSwap } = active.saved;
    const inPlace = view.memoryBytes === limitBytes && (!limitsSwap || view.memswapBytes === limitBytes);
    return { inPlace, evidence: limitsText(view) };
  },
  // A limit outlives the process.
  endedBy: ['update'],
  revert: async (tools, active, signal) => {
    await restore(tools, await currentTarget(tools, active, signal), signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    const { memoryBytes, memswapBytes } = originalLimitsOf(view.labels);
    const swapRestored = !active.saved.limitsSwap || view.memswapBytes === memswapBytes;
    return { verified: view.memoryBytes === memoryBytes && swapRestored, evidence: limitsText(view) };
  },
  // Under the cap it might not come up again.
  onTargetDied: () => true,
  restoreOriginal: async (tools, target, signal) => restore(tools, await tools.targets.find(target, signal), signal),
};

/**
 * Restores the limits in the labels. A container that has no limit is left alone: its engine cannot
 * set one. Some kernels have no swap limit.
 */
async function restore({ engine }: UsesEngine<'updateMemory'>, view: ContainerView, signal: AbortSignal) {
  const { memoryBytes, memswapBytes } = originalLimitsOf(view.labels);
  if (memoryBytes === null || memswapBytes === null || view.memoryBytes === 0) return null;
  const isSwapOriginal = view.memswapBytes <= 0 || view.memswapBytes === memswapBytes;
  if (view.memoryBytes === memoryBytes && isSwapOriginal) return null;
  await engine.updateMemory(view.id, memoryBytes, memswapBytes, signal);
  return `memory limit of ${view.name}`;
}

const limitsText = ({ memoryBytes, memswapBytes }: ContainerView): string =>
  `the limit is ${megabytes(memoryBytes)}, with swap ${memswapBytes > 0 ? megabytes(memswapBytes) : 'unlimited'}`;

const megabytes = (bytes: number): string => `${(bytes / mebibyte).toFixed(0)} MB`;
