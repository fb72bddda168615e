/**
 * Both kinds pause the container. A freeze is lifted by its revert; a hang must be detected by the
 * supervisor.
 */
import type { FaultKind } from '@encore/contracts';
import { currentTarget, eventOf, idOf, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export function pauseFault(
  kind: FaultKind,
  texts: Pick<FaultSpec, 'forbidsStart' | 'does' | 'revertedBy' | 'userSees' | 'pitfalls'>,
): FaultSpec {
  return {
    kind,
    instant: false,
    ...texts,
    prepare: saveTarget,
    inject: async (tools, active, signal) => {
      await tools.engine.pause(idOf(active), signal);
      return { engineAtMs: (await eventOf(tools, active, 'pause', 1_000, signal))?.atMs };
    },
    checkEffect: async (tools, active, signal) => {
      const { status } = await tools.engine.inspect(idOf(active), signal);
      if (status !== 'paused') return { effect: 'absent', evidence: `the engine reports ${status}` };
      const before = await tools.engine.stats(idOf(active), signal);
      await tools.clock.sleep(300, signal);
      const after = await tools.engine.stats(idOf(active), signal);
      const ms = (after.cpuSeconds - before.cpuSeconds) * 1_000;
      return {
        effect: ms < 1 ? 'confirmed' : 'absent',
        evidence: `the engine reports paused; it used ${ms.toFixed(1)} ms of CPU in 0.3 s`,
      };
    },
    readBack: async (tools, active, signal) => {
      const { status } = await currentTarget(tools, active, signal);
      return { inPlace: status === 'paused', evidence: `the target is ${status}` };
    },
    revert: async (tools, active, signal) => {
      const view = await currentTarget(tools, active, signal);
      if (view.status === 'paused') await tools.engine.unpause(view.id, signal);
    },
    verifyReverted: async (tools, active, signal) => {
      const { status } = await currentTarget(tools, active, signal);
      return { verified: status !== 'paused', evidence: `the target is ${status}` };
    },
  };
}

export const freeze: FaultSpec = pauseFault('freeze', {
  forbidsStart: true,
  does: 'Pauses all processes of the target, as a stalled virtual machine would.',
  revertedBy: 'The injector unpauses it; no restart is allowed meanwhile.',
  userSees: 'The kernel still accepts connections, but no response arrives.',
  pitfalls: 'A probe that only connects considers a frozen server healthy.',
});

/** The supervisor may restart the target; the revert at the end of the duration is a safety net. */
export const hang: FaultSpec = pauseFault('hang', {
  forbidsStart: false,
  does: 'Pauses all processes of the target until the supervisor notices.',
  revertedBy: 'The supervisor restarts a target that is unhealthy for too long.',
  userSees: 'Requests time out until the restart, which cuts the open ones.',
  pitfalls: 'No restart policy notices a hang: plain Docker only reports `unhealthy`.',
});
