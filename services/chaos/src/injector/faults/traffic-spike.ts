/** Load on top of the users': autocannon through the proxy, for a bounded time. */
import type { ParamsOf } from '@encore/contracts';
import {
  type FaultFunctions,
  type FaultTools,
  type FindsTarget,
  type SavedContainer,
  type SendsProbes,
  savedContainer,
  type TakesTime,
} from '../fault-functions.ts';
import type { LoadSpike } from '../load-spike.ts';
import type { Targets } from '../targets.ts';
import { saveTarget } from './container-target.ts';
import { reachableAddress } from './toxic-fault.ts';

type Tools = FindsTarget & { targets: Pick<Targets, 'system'> } & TakesTime &
  Pick<SendsProbes, 'proxies' | 'proxyHost'> &
  Pick<FaultTools, 'startLoadSpike'>;

const watchMs = 2_000;

export const trafficSpike: FaultFunctions<ParamsOf<'traffic-spike'>, Tools, SavedContainer, LoadSpike> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: async (tools, { fault }) => {
    const { host, port } = reachableAddress(tools, tools.targets.system.entry);
    return {
      running: tools.startLoadSpike({
        url: `http://${host}:${port}/scores?prefix=spike&limit=1`,
        requestsPerSecond: fault.params.requestsPerSecond,
        seconds: fault.durationSeconds + 10,
      }),
    };
  },
  checkEffect: async ({ clock }, { fault, running }, signal) => {
    await clock.sleep(watchMs, signal);
    const perSecond = (running?.answers ?? 0) / (watchMs / 1_000);
    return {
      effect: perSecond >= fault.params.requestsPerSecond / 2 ? 'confirmed' : 'absent',
      evidence: `${perSecond.toFixed(0)} answers per second`,
    };
  },
  readBack: async (_tools, { running }) => {
    const isOver = running?.isStopped ?? true;
    return { inPlace: !isOver, evidence: `the spike ${isOver ? 'is over' : 'continues'}` };
  },
  // A spike of a former process has ended with it.
  revert: async (_tools, { running }) => running?.stop(),
  verifyReverted: async (_tools, { running }) => ({
    verified: running?.isStopped ?? true,
    evidence: 'the spike is stopped',
  }),
};
