/**
 * Lowers the current memory limit to the target's usage plus a margin. Never below the usage:
 * cgroup v1 would refuse, v2 would kill at once.
 */

import { EncoreError } from '@encore/kit';
import type { ContainerView } from '../engine.ts';
import { originalLimitsOf } from '../targets.ts';
import { currentTarget, idOf, runningTarget } from './container-target.ts';
import type { FaultSpec, FaultTools } from './fault-spec.ts';

const mebibyte = 1_048_576;
const defaultMarginBytes = 32 * mebibyte;
/** A cap that lowers the limit by less than this share would have no effect. */
const minSqueeze = 0.05;

export const memoryCap: FaultSpec = {
  kind: 'memory-cap',
  instant: false,
  forbidsStart: true,
  does: 'Lowers the combined memory and swap limit to current usage (without file cache) plus a margin (32 MiB by default).',
  revertedBy:
    'The injector restores the original limits, from the labels `encore.original.*`, and does so early if the target dies under the cap.',
  userSees: 'Nothing if the server rejects work in time; else an OOM kill, recorded as `oom`.',
  pitfalls:
    'cgroup v1 refuses a limit below the usage, v2 kills. V8 fixes its heap limit at start, so a cap first affects the process’s other memory. A cap survives a restart, and `0` or `-1` do not remove it; only the original value does.',
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
    const wanted = memoryBytes + (fault.params.marginBytes ?? defaultMarginBytes);
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
    const limitBytes = active.saved.limitBytes ?? 0;
    await tools.engine.updateMemory(idOf(active), limitBytes, limitBytes, signal);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const { memoryLimitBytes, memoryBytes } = await tools.engine.stats(idOf(active), signal);
    const wanted = active.saved.limitBytes ?? 0;
    // The kernel rounds to pages.
    const same = Math.abs(memoryLimitBytes - wanted) < 65_536;
    return {
      effect: same ? 'confirmed' : 'absent',
      evidence: `the kernel’s limit is ${mebibytes(memoryLimitBytes)}, usage ${mebibytes(memoryBytes)}`,
    };
  },
  readBack: async (tools, active, signal) => {
    const { memoryBytes } = await currentTarget(tools, active, signal);
    return { inPlace: memoryBytes === active.saved.limitBytes, evidence: `the limit is ${mebibytes(memoryBytes)}` };
  },
  revert: async (tools, active, signal) => restoreMemory(tools, await currentTarget(tools, active, signal), signal),
  verifyReverted: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    const { memoryBytes } = originalLimitsOf(view.labels);
    return { verified: view.memoryBytes === memoryBytes, evidence: `the limit is ${mebibytes(view.memoryBytes)}` };
  },
};

/** Restores the limits in the labels. */
export async function restoreMemory(
  { engine }: Pick<FaultTools, 'engine'>,
  view: ContainerView,
  signal: AbortSignal,
): Promise<void> {
  const { memoryBytes, memswapBytes } = originalLimitsOf(view.labels);
  // A container without any limit: the engine cannot set one.
  if (memoryBytes === null || memswapBytes === null || view.memoryBytes === 0) return;
  if (view.memoryBytes === memoryBytes && view.memswapBytes === memswapBytes) return;
  await engine.updateMemory(view.id, memoryBytes, memswapBytes, signal);
}

const mebibytes = (bytes: number): string => `${(bytes / mebibyte).toFixed(0)} MiB`;
