/** Pressure on top of the users: autocannon through the client link, in a bounded window. */
import type { Surge } from '../surge.ts';
import { runningTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { placeOf } from './toxic-fault.ts';

const defaultRate = 200;
const watchMs = 2_000;

/** A surge lives in this process alone: an injector that dies takes it along, which is all the undo that it needs. */
const surges = new Map<string, Surge>();

export const trafficSurge: FaultSpec = {
  kind: 'traffic-surge',
  instant: false,
  forbidsStart: false,
  does: 'Sends cheap reads through the client link (200 per second on 50 connections) beside the users’ own load.',
  undoneBy: 'The surge is stopped; it ends with its time, and with the injector.',
  userSees: 'Sheds and slower answers at worst; what was accepted is answered.',
  pitfalls: 'Its own answers do not count for the verdict, for a closed loop hides outages.',
  prepare: async (tools, fault, signal) => ({ containerId: (await runningTarget(tools, fault, signal)).id }),
  act: async (tools, { fault }) => {
    const { host, port } = placeOf(tools, 'client-link');
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
