/**
 * Runs a stress helper in the target that uses up its free memory, so that the server's memory
 * guard must act.
 */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { z } from 'zod';
import { type FaultFunctions, type FindsTarget, savedContainer, type UsesEngine } from '../fault-functions.ts';
import { originalLimitsOf } from '../targets.ts';
import { runningTarget } from './container-target.ts';
import { runStressHelper, stressReadBack, stressRevert, stressVerifyReverted } from './stress.ts';

type Tools = FindsTarget & UsesEngine<'stats' | 'exec'>;
const saved = savedContainer.extend({ takenBytes: z.number() });

const megabyte = 1_048_576;
const minBytes = 32 * megabyte;
/** Less than the 25 s allowed for an injection, so that a failure is reported with its reason. */
const takeWithinSeconds = 20;

export const memoryPressure: FaultFunctions<ParamsOf<'memory-pressure'>, Tools, z.infer<typeof saved>> = {
  saved,
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    const limit = view.memoryBytes || (originalLimitsOf(view.labels).memoryBytes ?? 0);
    if (limit === 0)
      throw new EncoreError(
        'ENGINE_REFUSED',
        `${view.name} has no memory limit, so memory-pressure would use up the host's memory. Set mem_limit for it in docker-compose.yml`,
      );
    const { memoryBytes } = await tools.engine.stats(view.id, signal);
    const takenBytes = limit - memoryBytes - fault.params.marginBytes;
    if (takenBytes < minBytes)
      throw new EncoreError(
        'ENGINE_REFUSED',
        `the target uses ${megabytes(memoryBytes)} of ${megabytes(limit)}: a margin of ${megabytes(fault.params.marginBytes)} leaves too little for the stress helper to use. Use a smaller marginBytes`,
      );
    return { containerId: view.id, takenBytes };
  },
  inject: async (tools, active, signal) => {
    const argv = [
      'memory',
      String(active.saved.takenBytes),
      String(active.fault.durationSeconds + 10),
      String(takeWithinSeconds),
    ];
    const { taken, why } = await runStressHelper(tools, active.saved.containerId, argv, signal);
    if (!taken) throw new EncoreError('ENGINE_REFUSED', `the stress helper failed: ${why}`);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const { containerId, takenBytes } = active.saved;
    const { memoryBytes, memoryLimitBytes } = await tools.engine.stats(containerId, signal);
    return {
      effect: memoryBytes >= takenBytes ? 'confirmed' : 'absent',
      evidence: `the kernel counts ${megabytes(memoryBytes)} of ${megabytes(memoryLimitBytes)} in use, ${megabytes(takenBytes)} by the stress helper`,
    };
  },
  readBack: stressReadBack,
  readBackIsCostly: true,
  endedBy: ['die', 'oom'],
  revert: stressRevert,
  verifyReverted: (tools, active, signal) =>
    stressVerifyReverted(tools, active, signal, ({ running = 0 }) => ({
      verified: running === 0,
      evidence: `${running} stress helpers are running`,
    })),
};

const megabytes = (bytes: number): string => `${Math.round(bytes / megabyte)} MB`;
