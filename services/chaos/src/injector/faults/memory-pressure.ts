/**
 * Runs a stress helper in the target that uses up its free memory, so that the server's memory
 * guard must act.
 */
import { EncoreError } from '@encore/kit';
import { originalLimitsOf } from '../targets.ts';
import { idOf, runningTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { runStressHelper, stressReadBack, stressRevert, stressVerifyReverted } from './stress.ts';

const megabyte = 1_048_576;
/** Stays free beside what the helper uses, including the helper's own 50 MB. */
const defaultMarginBytes = 96 * megabyte;
const minBytes = 32 * megabyte;
/** Less than the 25 s allowed for an injection, so that a failure is reported with its reason. */
const takeWithinSeconds = 20;

export const memoryPressure: FaultSpec = {
  kind: 'memory-pressure',
  instant: false,
  forbidsStart: true,
  does: 'Runs a stress helper from the image in the target, which uses all memory but a margin (96 MiB by default) for a limited time.',
  revertedBy:
    'The injector stops the helper, which also exits by itself when its time is over. It is the kernel’s first choice for an OOM kill.',
  userSees: 'Rejections (503 with Retry-After) while the server’s memory guard holds back work, then normal service.',
  pitfalls:
    'Needs exec, which the process engine does not support. When memory runs out the helper is killed first, which ends the fault early.',
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    const limit = view.memoryBytes || (originalLimitsOf(view.labels).memoryBytes ?? 0);
    if (limit === 0)
      throw new EncoreError(
        'ENGINE_REFUSED',
        `${view.name} has no memory limit, so memory-pressure would take the memory of the host. Set mem_limit for it in docker-compose.yml`,
        { status: 409, definite: true },
      );
    const { memoryBytes } = await tools.engine.stats(view.id, signal);
    const takenBytes = limit - memoryBytes - (fault.params.marginBytes ?? defaultMarginBytes);
    if (takenBytes < minBytes)
      throw new EncoreError(
        'ENGINE_REFUSED',
        `${memoryBytes} of ${limit} bytes are in use, so less than the margin is free`,
        {
          status: 409,
          definite: true,
        },
      );
    return { containerId: view.id, takenBytes };
  },
  inject: async (tools, active, signal) => {
    const argv = [
      'memory',
      String(active.saved.takenBytes ?? 0),
      String(active.fault.durationSeconds + 10),
      String(takeWithinSeconds),
    ];
    const { taken, why } = await runStressHelper(tools, idOf(active), argv, signal);
    if (!taken)
      throw new EncoreError('ENGINE_REFUSED', `the stress helper failed: ${why}`, { status: 409, definite: true });
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    const { memoryBytes, memoryLimitBytes } = await tools.engine.stats(idOf(active), signal);
    const mebibytes = (bytes: number) => `${Math.round(bytes / megabyte)} MiB`;
    return {
      effect: memoryBytes >= (active.saved.takenBytes ?? 0) ? 'confirmed' : 'absent',
      evidence: `the kernel counts ${mebibytes(memoryBytes)} of ${mebibytes(memoryLimitBytes)}, ${mebibytes(active.saved.takenBytes ?? 0)} of them taken`,
    };
  },
  readBack: stressReadBack,
  readBackIsCostly: true,
  revert: stressRevert,
  verifyReverted: (tools, active, signal) =>
    stressVerifyReverted(tools, active, signal, ({ running = 0 }) => ({
      verified: running === 0,
      evidence: `${running} stress helpers run`,
    })),
};
