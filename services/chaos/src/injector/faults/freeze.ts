/** A pause and its end. Two kinds differ only in who may act meanwhile: a freeze ends by itself, a hang is for the supervisor to find. */
import type { FaultKind } from '@encore/contracts';
import { currentTarget, eventOf, idOf, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export function pauseFault(
  kind: FaultKind,
  words: Pick<FaultSpec, 'forbidsStart' | 'does' | 'undoneBy' | 'userSees' | 'pitfalls'>,
): FaultSpec {
  return {
    kind,
    instant: false,
    ...words,
    prepare: saveTarget,
    act: async (tools, deed, signal) => {
      await tools.engine.pause(idOf(deed), signal);
      return { engineAtMs: (await eventOf(tools, deed, 'pause', 1_000, signal))?.atMs };
    },
    bite: async (tools, deed, signal) => {
      const { status } = await tools.engine.inspect(idOf(deed), signal);
      if (status !== 'paused') return { bit: 'no', evidence: `the engine says ${status}` };
      const before = await tools.engine.stats(idOf(deed), signal);
      await tools.clock.sleep(300, signal);
      const after = await tools.engine.stats(idOf(deed), signal);
      const ms = (after.cpuSeconds - before.cpuSeconds) * 1_000;
      return {
        bit: ms < 1 ? 'yes' : 'no',
        evidence: `the engine says paused; it used ${ms.toFixed(1)} ms of CPU in 0.3 s`,
      };
    },
    readBack: async (tools, deed, signal) => {
      const { status } = await currentTarget(tools, deed, signal);
      return { inPlace: status === 'paused', evidence: `the target is ${status}` };
    },
    undo: async (tools, deed, signal) => {
      const view = await currentTarget(tools, deed, signal);
      if (view.status === 'paused') await tools.engine.unpause(view.id, signal);
    },
    verify: async (tools, deed, signal) => {
      const { status } = await currentTarget(tools, deed, signal);
      return { verified: status !== 'paused', evidence: `the target is ${status}` };
    },
  };
}

export const freeze: FaultSpec = pauseFault('freeze', {
  forbidsStart: true,
  does: 'Pauses all processes of the target, as a stalled virtual machine would.',
  undoneBy: 'The undo unpauses it; nobody may restart it meanwhile.',
  userSees: 'Connections are accepted at once (by the kernel) and no byte comes back.',
  pitfalls: 'A probe that only connects calls a frozen server healthy.',
});
