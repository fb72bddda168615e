import assert from 'node:assert/strict';
import type { EncoreEvent, Phase } from '@encore/contracts';
import { describe, it } from 'mocha';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import type { Observation } from '../events/time-order.ts';
import { FaultTracker } from '../faults/fault-tracker.ts';
import { Alerts } from './alerts.ts';

const phase = (at: number, name: Phase): EncoreEvent => ({ type: 'phase_entered', at, phase: name });
const seen = (at: number, ready: boolean): EncoreEvent => ({ type: 'server_observed', at, port: true, ready });
const kill = (at: number, engineAt = at): EncoreEvent => ({
  type: 'fault_injected',
  at,
  engineAt,
  faultId: 'f0001',
  kind: 'crash',
  target: 'server',
  params: {},
});
const engine = (at: number, target: string, action: 'die' | 'start'): EncoreEvent => ({
  type: 'engine_event',
  at,
  engineAt: at,
  target,
  action,
});
const died = (at: number): EncoreEvent => engine(at, 'server', 'die');
const answered = (at: number, startedAt: number): EncoreEvent => ({
  type: 'answered_again',
  at,
  startedAt,
  operation: 'create',
});
const refused = (at: number, request: string, operation = 'analyze'): EncoreEvent => ({
  type: 'attempt_failed',
  at,
  startedAt: at,
  attemptId: 'a',
  operation,
  operationId: 'o',
  user: 1,
  outcome: 'breaker_open',
  request,
  detail: '',
});
const second = (at: number, ok: number, failed = 0): EncoreEvent => ({
  type: 'load_second',
  at,
  users: 1,
  attempts: {},
  operations: { create: { ok, failed, unknown: 0, cancelled: 0, skipped: 0 } },
  responseMs: null,
  bytesSent: 0,
  bytesReceived: 0,
});
const sampled = (at: number, memoryBytes: number): EncoreEvent => ({
  type: 'target_sampled',
  at,
  target: 'server',
  memoryBytes,
  memoryLimitBytes: 100,
  cpuSeconds: 1,
});

/** Alerts in the format of the guide: the level, then a text that names its subject. */
function textsOf(events: readonly (EncoreEvent | Observation)[]): string[] {
  const tracker = new FaultTracker(new SimulatedRun().plan);
  const alerts = new Alerts({ tracker, recoveryOf: 'alpha' });
  for (const event of events) {
    if (event.type === 'probe_second') continue;
    tracker.add(event);
    alerts.add(event);
  }
  return alerts.list.map(({ level, message }) => `[${level}] ${message}`);
}

describe('alerts', () => {
  it('names a kill, and its recovery with the duration', () => {
    const events = [phase(0, 'steady'), kill(1_050, 1_000), died(1_060), answered(2_400, 2_000)];
    assert.deepEqual(textsOf(events), [
      '[WARNING] Scheduled process kill: crash of server (f0001)',
      '[INFO] Recovery successful in 1.4 s: server (f0001)',
    ]);
  });

  it('ends a recovery with the first correct response, even one to a probe', () => {
    const probe = (at: number, dueAt: number, outcome: 'ok' | 'refused'): Observation => ({
      type: 'probe',
      at,
      dueAt,
      outcome,
    });
    const before = [probe(1_100, 900, 'ok'), probe(1_200, 1_150, 'refused')];
    const events = [
      phase(0, 'steady'),
      kill(1_000),
      died(1_010),
      ...before,
      probe(1_700, 1_650, 'ok'),
      answered(2_400, 2_000),
    ];
    assert.deepEqual(textsOf(events).slice(1), ['[INFO] Recovery successful in 0.7 s: server (f0001)']);
  });

  it('raises the recovery of a dependency when it has started again, not when users get responses', () => {
    const killed = { ...kill(1_000), target: 'postgres' } as EncoreEvent;
    const events = [phase(0, 'steady'), killed, engine(1_010, 'postgres', 'die'), answered(1_500, 1_100)];
    assert.equal(textsOf(events).length, 1);
    events.push(engine(2_000, 'postgres', 'start'), answered(2_100, 2_050));
    assert.deepEqual(textsOf(events).slice(1), ['[INFO] Recovery successful in 1.1 s: postgres (f0001)']);
  });

  it('raises no recovery for a kill without effect', () => {
    const effect: EncoreEvent = {
      type: 'fault_effect_checked',
      at: 1_010,
      faultId: 'f0001',
      effect: 'absent',
      evidence: '',
    };
    assert.equal(textsOf([phase(0, 'steady'), kill(1_000), died(1_005), effect, answered(2_400, 2_000)]).length, 1);
  });

  it('names a server that is ready again without a kill, but not twice after a kill', () => {
    const calm = [phase(0, 'steady'), seen(1_000, true), seen(2_000, false), seen(3_500, true)];
    assert.deepEqual(textsOf(calm), ['[INFO] Recovery successful in 1.5 s: alpha ready again']);
    const kills = [phase(0, 'steady'), kill(1_000), died(1_010), seen(1_100, false)];
    const killed = [...kills, seen(1_900, true), answered(2_000, 1_950)];
    assert.equal(textsOf(killed).length, 2);
    const late = [...kills, answered(2_000, 1_950), seen(2_100, true)];
    assert.equal(textsOf(late).length, 2);
  });

  it('ignores the first start of the server', () => {
    const up = [phase(0, 'preflight'), seen(500, false), phase(800, 'startup'), seen(900, false), seen(1_500, true)];
    assert.deepEqual(textsOf([...up, phase(2_000, 'ramp'), seen(2_100, true)]), []);
  });

  it('names the tool whose circuit breaker opened, once while it is open', () => {
    const events = [refused(0, 'key_analysis'), refused(30_000, 'key_analysis'), refused(80_000, 'key_analysis')];
    assert.deepEqual(textsOf(events), ['[WARNING] Circuit breaker open: key_analysis']);
    assert.equal(textsOf([...events, refused(141_000, 'key_analysis')]).length, 2);
    assert.deepEqual(textsOf([refused(0, 'key_analysis'), refused(500, 'export_score', 'export'), second(1_000, 1)]), [
      '[WARNING] Circuit breaker open: key_analysis',
      '[WARNING] Circuit breaker open: export_score',
      '[WARNING] Several circuit breakers open: key_analysis, export_score',
    ]);
  });

  it('names a high error rate and high memory once until they end', () => {
    assert.deepEqual(textsOf([second(1_000, 91, 9), second(2_000, 91, 9), second(3_000, 9_000)]), [
      '[WARNING] High error rate: 9.0 % of 100 operations in 10 s',
    ]);
    assert.deepEqual(textsOf([sampled(0, 80), sampled(5_000, 82), sampled(10_000, 60), sampled(15_000, 90)]), [
      '[WARNING] High memory: server uses 80.0 % of its limit',
      '[WARNING] High memory: server uses 90.0 % of its limit',
    ]);
    const cap: EncoreEvent = {
      type: 'fault_injected',
      at: 1,
      faultId: 'f0002',
      kind: 'memory-cap',
      target: 'server',
      params: {},
    };
    assert.deepEqual(textsOf([cap, sampled(2_000, 80)]), [
      '[WARNING] High memory: server uses 80.0 % of its limit (under memory-cap, f0002)',
    ]);
  });
});
