/** Pauses the container until the revert. */
import type { ParamsOf } from '@encore/contracts';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  savedContainer,
  type TakesTime,
  type UsesEngine,
} from '../fault-functions.ts';
import { currentTarget, saveTarget } from './container-target.ts';

type Tools = FindsTarget & TakesTime & UsesEngine<'pause' | 'unpause' | 'inspect' | 'stats'>;

export const freeze: FaultFunctions<ParamsOf<'freeze'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: async (tools, active, signal) => {
    await tools.engine.pause(active.saved.containerId, signal);
    return { engineAction: 'pause' };
  },
  checkEffect: async ({ engine, clock }, { saved: { containerId } }, signal) => {
    const { status } = await engine.inspect(containerId, signal);
    if (status !== 'paused') return { effect: 'absent', evidence: `the engine reports ${status}` };
    const before = await engine.stats(containerId, signal);
    await clock.sleep(300, signal);
    const after = await engine.stats(containerId, signal);
    const ms = (after.cpuSeconds - before.cpuSeconds) * 1_000;
    return {
      effect: ms < 1 ? 'confirmed' : 'absent',
      evidence: `the engine reports the target as paused; the target used ${ms.toFixed(1)} ms of CPU in 0.3 s`,
    };
  },
  readBack: async (tools, active, signal) => {
    const { status } = await currentTarget(tools, active, signal);
    return { inPlace: status === 'paused', evidence: `the target is ${status}` };
  },
  endedBy: ['unpause', 'die', 'start'],
  revert: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    if (view.status === 'paused') await tools.engine.unpause(view.id, signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const { status } = await currentTarget(tools, active, signal);
    return { verified: status !== 'paused', evidence: `the target is ${status}` };
  },
};
