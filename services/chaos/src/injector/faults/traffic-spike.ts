/** Load on top of the users': autocannon through the proxy, for a bounded time. */
import type { LoadSpike } from '../load-spike.ts';
import { runningTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { reachableAddress } from './toxic-fault.ts';

const defaultRate = 200;
const watchMs = 2_000;

/** Spikes live in this process only, so they end with the injector. */
const spikes = new Map<string, LoadSpike>();

export const trafficSpike: FaultSpec = {
  kind: 'traffic-spike',
  instant: false,
  forbidsStart: false,
  does: 'Sends cheap reads through the proxy (200 per second on 50 connections by default) on top of the users’ load.',
  revertedBy: 'The injector stops the load, which also stops when its time is up or the injector exits.',
  userSees: 'At worst rejections and slower responses; accepted requests are answered.',
  pitfalls: 'Its own responses do not count for the verdict, because a closed loop hides outages.',
  prepare: async (tools, fault, signal) => ({ containerId: (await runningTarget(tools, fault, signal)).id }),
  inject: async (tools, { fault }) => {
    const { host, port } = reachableAddress(tools, tools.targets.system.entry);
    const spike = tools.startLoadSpike({
      url: `http://${host}:${port}/scores?prefix=spike&limit=1`,
      requestsPerSecond: fault.params.requestsPerSecond ?? defaultRate,
      seconds: fault.durationSeconds + 10,
    });
    spikes.set(fault.id, spike);
    return {};
  },
  checkEffect: async (tools, { fault }, signal) => {
    await tools.clock.sleep(watchMs, signal);
    const { answers = 0 } = spikes.get(fault.id) ?? {};
    const perSecond = answers / (watchMs / 1_000);
    const wanted = (fault.params.requestsPerSecond ?? defaultRate) / 2;
    return {
      effect: perSecond >= wanted ? 'confirmed' : 'absent',
      evidence: `${perSecond.toFixed(0)} answers per second`,
    };
  },
  revert: async (_tools, { fault }) => {
    spikes.get(fault.id)?.stop();
    spikes.delete(fault.id);
  },
  verifyReverted: async (_tools, { fault }) => ({ verified: !spikes.has(fault.id), evidence: 'the spike is stopped' }),
};
