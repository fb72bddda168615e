/** Load on top of the users': the load generator repeats a cheap request of the workload. */
import type { ParamsOf } from '@encore/contracts';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  savedContainer,
  type TakesTime,
  type UsesLoad,
} from '../fault-functions.ts';
import { saveTarget } from './container-target.ts';

type Tools = FindsTarget & TakesTime & UsesLoad<'start' | 'status' | 'stop'>;

const watchMs = 2_000;
/** The load generator ends a spike that is not reverted this long after its planned end. */
const marginSeconds = 10;

export const trafficSpike: FaultFunctions<ParamsOf<'traffic-spike'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: async ({ load }, { fault }, signal) => {
    const { requestsPerSecond } = fault.params;
    await load.start(
      fault.id,
      { action: 'spike', requestsPerSecond, seconds: fault.durationSeconds + marginSeconds },
      signal,
    );
    return {};
  },
  checkEffect: async ({ load, clock }, { fault }, signal) => {
    const answers = async () => (await load.status(fault.id, signal))?.answers ?? 0;
    const before = await answers();
    await clock.sleep(watchMs, signal);
    const perSecond = ((await answers()) - before) / (watchMs / 1_000);
    return {
      effect: perSecond >= fault.params.requestsPerSecond / 2 ? 'confirmed' : 'absent',
      evidence: `${perSecond.toFixed(0)} responses per second`,
    };
  },
  readBack: async ({ load }, { fault }, signal) => {
    const isOver = (await load.status(fault.id, signal))?.isOver ?? true;
    return { inPlace: !isOver, evidence: `the spike ${isOver ? 'is over' : 'continues'}` };
  },
  revert: ({ load }, { fault }, signal) => load.stop(fault.id, 'spike', signal),
  verifyReverted: async ({ load }, { fault }, signal) => {
    const isOver = (await load.status(fault.id, signal))?.isOver ?? true;
    return { verified: isOver, evidence: `the spike ${isOver ? 'is stopped' : 'continues'}` };
  },
};
