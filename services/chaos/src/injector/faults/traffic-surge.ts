/** Load on top of the users': autocannon through the proxy, for a bounded time. */
import type { Surge } from '../surge.ts';
import { runningTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { reachableAddress } from './toxic-fault.ts';

const defaultRate = 200;
const watchMs = 2_000;

/**
 * Surges live in this process only: they end with their injector, which is all the revert that they
 * need.
 */
const surges = new Map<string, Surge>();

export const trafficSurge: FaultSpec = {
  kind: 'traffic-surge',
  instant: false,
  forbidsStart: false,
  does: 'Sends cheap reads through the proxy (200 per second on 50 connections by default) on top of the users’ load.',
  undoneBy: 'The injector stops the load, which also ends with its time and with the injector.',
  userSees: 'At worst rejections and slower responses; accepted requests are answered.',
  pitfalls: 'Its own responses do not count for the verdict, because a closed loop hides outages.',
  prepare: async (tools, fault, signal) => ({ containerId: (await runningTarget(tools, fault, signal)).id }),
  act: async (tools, { fault }) => {
    const { host, port } = reachableAddress(tools, 'client-link');
    const surge = tools.startSurge({
      url: `http://${host}:${port}/scores?prefix=surge&limit=1`,
      requestsPerSecond: fault.params.requestsPerSecond ?? defaultRate,
      seconds: fault.durationSeconds + 10,
    });
    surges.set(fault.id, surge);
    return {};
  },
  bite: async (tools, { fault }, signal) => {
    await tools.clock.sleep(watchMs, signal);
    const { answers = 0 } = surges.get(fault.id) ?? {};
    const perSecond = answers / (watchMs / 1_000);
    const wanted = (fault.params.requestsPerSecond ?? defaultRate) / 2;
    return { bit: perSecond >= wanted ? 'yes' : 'no', evidence: `${perSecond.toFixed(0)} answers per second` };
  },
  undo: async (_tools, { fault }) => {
    surges.get(fault.id)?.stop();
    surges.delete(fault.id);
  },
  verify: async (_tools, { fault }) => ({ verified: !surges.has(fault.id), evidence: 'the surge is stopped' }),
};
