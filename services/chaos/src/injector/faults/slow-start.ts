/** Restarts the container, and pauses it early in its start until the revert. */
import type { ParamsOf } from '@encore/contracts';
import type {
  FaultFunctions,
  FindsTarget,
  SavedContainer,
  SeesEvents,
  StartsTarget,
  TakesTime,
  UsesEngine,
} from '../fault-functions.ts';
import { eventOf } from './container-target.ts';
import { freeze } from './freeze.ts';
import { restart } from './restart.ts';

type Tools = FindsTarget &
  SeesEvents &
  TakesTime &
  UsesEngine<'restart' | 'pause' | 'unpause' | 'inspect' | 'stats'> &
  StartsTarget<'expect'>;

export const slowStart: FaultFunctions<ParamsOf<'slow-start'>, Tools, SavedContainer> = {
  ...freeze,
  inject: async (tools, active, signal) => {
    const injected = await restart.inject(tools, active, signal);
    await tools.engine.pause(active.saved.containerId, signal);
    return injected;
  },
  checkEffect: async (tools, active, signal) => {
    const started = await eventOf(tools, active, 'start', 1_000, signal);
    const paused = await eventOf(tools, active, 'pause', 1_000, signal);
    if (started === null || paused === null)
      return { effect: 'absent', evidence: 'the start or the pause event is missing' };
    const { effect, evidence } = await freeze.checkEffect(tools, active, signal);
    return { effect, evidence: `paused ${paused.atMs - started.atMs} ms after its start: ${evidence}` };
  },
};
