/**
 * Fills the target's bounded scratch space to the last byte, and again whenever some of it is
 * freed.
 */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  savedContainer,
  type TakesTime,
  type UsesEngine,
} from '../fault-functions.ts';
import { saveTarget } from './container-target.ts';
import { runStressHelper, stressReadBack, stressRevert, stressVerifyReverted } from './stress.ts';

type Tools = FindsTarget & TakesTime & UsesEngine<'exec'>;

const fullBytes = 65_536;
/**
 * Space freed by an upload is filled at once, but a probe may fall in between; this many in a row
 * cannot.
 */
const maxProbes = 10;
const probeEveryMs = 100;

export const diskFull: FaultFunctions<ParamsOf<'disk-full'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: async (tools, active, signal) => {
    const { taken, why } = await runStressHelper(
      tools,
      active.saved.containerId,
      ['disk', String(active.fault.durationSeconds + 10)],
      signal,
    );
    if (taken === undefined || why !== undefined)
      throw new EncoreError('ENGINE_UNSUPPORTED', `the scratch space could not be filled: ${why}`);
    return {};
  },
  checkEffect: async (tools, active, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const { freeBytes = 0, scratchBytes = 0 } = await runStressHelper(
        tools,
        active.saved.containerId,
        ['status'],
        signal,
      );
      const isFull = freeBytes < fullBytes;
      const evidence = freeText(freeBytes, scratchBytes);
      if (isFull || attempt === maxProbes) return { effect: isFull ? 'confirmed' : 'absent', evidence };
      await tools.clock.sleep(probeEveryMs, signal);
    }
  },
  readBack: stressReadBack,
  readBackIsCostly: true,
  endedBy: ['die', 'oom'],
  revert: stressRevert,
  verifyReverted: (tools, active, signal) =>
    stressVerifyReverted(tools, active, signal, ({ running, freeBytes = 0, scratchBytes = 0 }) => ({
      verified: running === 0 && freeBytes >= fullBytes,
      evidence: freeText(freeBytes, scratchBytes),
    })),
};

const freeText = (freeBytes: number, totalBytes: number): string =>
  `${megabytes(freeBytes)} of ${megabytes(totalBytes)} MB are free`;

const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
