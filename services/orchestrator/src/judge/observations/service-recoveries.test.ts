import assert from 'node:assert/strict';
import type { PlannedFault, PlannedSystem } from '@encore/contracts';
import { describe, it } from 'mocha';
import type { Observation } from '../events/time-order.ts';
import { FaultRecord } from '../faults/fault-record.ts';
import { ServiceRecoveries } from './service-recoveries.ts';

const part = { allowedKinds: [], replicas: 1 };
const system: PlannedSystem = {
  entry: 'api:80',
  recoveryOf: 'api',
  containers: { api: part, db: part, worker: part, 'api-sidecar': part },
  proxies: { 'api:80': { allowedKinds: [], runsIn: 'api-sidecar' } },
};
const fault: PlannedFault = { id: 'f0001', kind: 'crash', target: 'db', params: {}, atSeconds: 0, durationSeconds: 0 };
const record: FaultRecord = {
  ...new FaultRecord(fault, system),
  injectedAt: 10_000,
  clockStartsAt: 10_000,
  effect: 'confirmed',
};

const engine = (target: string, action: string, at: number): Observation =>
  ({ type: 'engine_event', at, engineAt: at, target, action }) as Observation;
const ready = (isReady: boolean, at: number): Observation =>
  ({ type: 'server_observed', at, target: 'api', port: true, ready: isReady }) as Observation;

function recoveries(events: Observation[], untilAt = 60_000, of = record): string[] {
  const collector = new ServiceRecoveries(system);
  const environment = { healthChecks: { db: 2 } };
  collector.add({ type: 'run_started', at: 0, environment } as unknown as Observation);
  for (const event of events) collector.add(event);
  return collector
    .of(of, untilAt)
    .map(({ service, seconds, source, resolution_seconds: every }) => `${service} ${seconds} ${source} ${every}`);
}

describe('recoveries of services', () => {
  it('use readiness, then the health check, then the start of the container', () => {
    const events = [
      ready(true, 9_000),
      engine('db', 'die', 10_050),
      ready(false, 10_100),
      engine('worker', 'die', 10_200),
      engine('db', 'start', 10_500),
      engine('worker', 'start', 11_000),
      engine('db', 'health_status: healthy', 11_250),
      ready(true, 13_400),
    ];
    assert.deepEqual(recoveries(events), ['api 3.4 ready 0.1', 'db 1.25 health-check 2', 'worker 1 engine null']);
  });

  it('are missing for a service that was not down, and null for one that stays down', () => {
    assert.deepEqual(recoveries([ready(true, 9_000), engine('db', 'die', 10_050)]), ['db null health-check 2']);
  });

  it('end when the service is first up again, whatever happens later', () => {
    const events = [ready(false, 10_100), ready(true, 11_000), ready(false, 12_000), ready(true, 15_000)];
    assert.deepEqual(recoveries(events), ['api 1 ready 0.1']);
    assert.deepEqual(recoveries(events.slice(0, 3)), ['api 1 ready 0.1']);
  });

  it('end after the fault if a service was up for a moment while it was active, and not beyond the next one', () => {
    const events = [ready(false, 10_100), ready(true, 11_000), ready(false, 12_000), ready(true, 15_000)];
    const reverted = { ...record, clockStartsAt: 13_000 };
    assert.deepEqual(recoveries(events, 60_000, reverted), ['api 2 ready 0.1']);
    assert.deepEqual(recoveries(events, 14_000, reverted), ['api null ready 0.1']);
    assert.deepEqual(recoveries(events, 60_000, { ...record, clockStartsAt: 11_500 }), ['api 0 ready 0.1']);
  });

  it('have no entry for a sidecar', () => {
    assert.deepEqual(recoveries([engine('api-sidecar', 'die', 10_100)]), []);
  });
});
