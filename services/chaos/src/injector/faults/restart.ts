/** A graceful restart: SIGTERM, the grace period, a new start. No admitted request may fail. */
import type { ParamsOf } from '@encore/contracts';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  type SeesEvents,
  type StartsTarget,
  savedContainer,
  type UsesEngine,
} from '../fault-functions.ts';
import { eventOf, nothingToRevert, nothingToVerify, saveTarget } from './container-target.ts';

type Tools = FindsTarget & SeesEvents & UsesEngine<'restart'> & StartsTarget<'expect'>;

export const restart: FaultFunctions<ParamsOf<'restart'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: async (tools, active, signal) => {
    const { fault, saved } = active;
    await tools.starts.expect(saved.containerId, fault.target, 'revert', `graceful restart ${fault.id}`);
    await tools.engine.restart(saved.containerId, signal);
    return { engineAction: 'kill' };
  },
  checkEffect: async (tools, active, signal) => {
    const died = await eventOf(tools, active, 'die', 1_000, signal);
    const started = await eventOf(tools, active, 'start', 4_000, signal);
    if (died === null || started === null)
      return { effect: 'absent', evidence: 'the die or the start event is missing' };
    const seconds = ((started.atMs - died.atMs) / 1_000).toFixed(2);
    return {
      effect: 'confirmed',
      evidence: `exit code ${died.attributes['exitCode'] ?? 'unknown'}, started ${seconds} s later`,
    };
  },
  revert: nothingToRevert,
  verifyReverted: nothingToVerify,
};
