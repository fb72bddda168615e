/**
 * Fills the target's bounded scratch space to the last byte, and again whenever some of it is
 * freed.
 */
import { EncoreError } from '@encore/kit';
import { idOf, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { runStressHelper, stressReadBack, stressRevert, stressVerifyReverted } from './stress.ts';

const fullBytes = 65_536;
/**
 * Space freed by an upload is filled at once, but a probe may fall in between; this many in a row
 * cannot.
 */
const maxProbes = 10;
const probeEveryMs = 100;

export const diskFull: FaultSpec = {
  kind: 'disk-full',
  instant: false,
  forbidsStart: false,
  does: 'Runs the stress helper, which fills the server’s scratch space, where uploads are spooled, and refills it when a finished upload frees space.',
  revertedBy: 'The injector removes the file; the helper does so itself when its time is over.',
  userSees: 'Large uploads are refused with a clear error; small ones and reads succeed.',
  pitfalls:
    'Fills only a separate small file system (1 GiB at most), never a disk of the host. A tmpfs counts as memory too.',
  prepare: saveTarget,
  inject: async (tools, active, signal) => {
    const { taken, why } = await runStressHelper(
      tools,
      idOf(active),
      ['disk', String(active.fault.durationSeconds + 10)],
      signal,
    );
    if (taken === undefined || why !== undefined)
      throw new EncoreError('ENGINE_UNSUPPORTED', `the scratch space could not be filled: ${why}`, {
        status: 501,
        definite: true,
      });
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const { freeBytes = 0, scratchBytes = 0 } = await runStressHelper(tools, idOf(active), ['status'], signal);
      const isFull = freeBytes < fullBytes;
      const evidence = `${freeBytes} of ${scratchBytes} bytes are free`;
      if (isFull || attempt === maxProbes) return { effect: isFull ? 'confirmed' : 'absent', evidence };
      await tools.clock.sleep(probeEveryMs, signal);
    }
  },
  readBack: stressReadBack,
  readBackIsCostly: true,
  revert: stressRevert,
  verifyReverted: (tools, active, signal) =>
    stressVerifyReverted(tools, active, signal, ({ running, freeBytes = 0, scratchBytes = 0 }) => ({
      verified: running === 0 && freeBytes >= fullBytes,
      evidence: `${freeBytes} of ${scratchBytes} bytes are free`,
    })),
};
