import assert from 'node:assert/strict';
import { type Clock, systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { RunMetrics } from './metrics.ts';
import { RunView } from './progress/run-view.ts';
import { profiles } from './settings/profiles.ts';
import { judgeStreams } from './testing/judged-run.ts';
import { plannedFault } from './testing/simulated-fault.ts';
import { SimulatedRun } from './testing/simulated-run.ts';
import type { Simulation } from './testing/simulation.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };

/** The metrics of a complete simulated run, `lateMs` after its last event. */
async function expositionOf(settings: Partial<Simulation>, untilSecond?: number): Promise<string> {
  const run = new SimulatedRun(settings);
  let now = 0;
  const clock: Clock = { ...systemClock, now: () => now };
  const view = new RunView('r1', config, run.plan, run.settings.startsAt);
  const metrics = new RunMetrics(view, clock);
  for (const event of run.events()) {
    if (untilSecond !== undefined && event.at > run.at(untilSecond)) break;
    now = Math.max(now, event.at);
    view.add(event);
    metrics.add(event);
  }
  return await metrics.registry.metrics();
}

function value(exposition: string, name: string, labels = ''): number {
  const line = exposition.split('\n').find((text) => text.startsWith(`${name}{`) && text.includes(labels));
  assert.ok(line, `${name} ${labels} is not there`);
  return Number(line.slice(line.lastIndexOf(' ')));
}

describe('run metrics', () => {
  const crash = plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 30, downSeconds: 4 });
  const outage = plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 90, downSeconds: 40 });

  it('contain the same recoveries as the verdict', async () => {
    const faults = [crash, outage];
    const exposition = await expositionOf({ faults });
    const run = new SimulatedRun({ faults });
    const judged = await judgeStreams({ history: run.history(), plan: run.plan, ledger: run.ledger() });
    for (const { kind, recovery_seconds: seconds } of judged.report.faults) {
      assert.ok(seconds !== null && seconds > 3, `${kind} ${seconds}`);
      assert.equal(value(exposition, 'encore_run_last_recovery_seconds', `"${kind}"`), seconds);
      assert.equal(value(exposition, 'encore_run_recovery_seconds_count', `"${kind}"`), 1);
    }
    assert.equal(value(exposition, 'encore_run_slow_recoveries_total', '"crash"'), 0);
    assert.equal(value(exposition, 'encore_run_slow_recoveries_total', '"outage"'), 1);
    assert.equal(value(exposition, 'encore_run_recovery_pending_seconds'), 0);
  });

  it('count the seconds that users wait for a server that stays down', async () => {
    const gone = plannedFault(1, { ...outage, atSeconds: 30, downSeconds: Number.POSITIVE_INFINITY });
    const pending = value(await expositionOf({ faults: [gone] }, 80), 'encore_run_recovery_pending_seconds');
    // As of two seconds ago: a newer answer may not have arrived yet.
    assert.ok(Math.abs(pending - 48) < 2, `${pending} s`);
  });

  it('contain the same returns to normal as the verdict, and count slow ones', async () => {
    const sheds = { fromSeconds: 0, toSeconds: 30 };
    const faults = [
      plannedFault(1, { ...outage, downSeconds: 3 }),
      plannedFault(2, { ...crash, atSeconds: 150, sheds }),
    ];
    const settings = { faults, steadySeconds: 300, users: 100, operationsPerSecond: 200 };
    const run = new SimulatedRun(settings);
    const exposition = await expositionOf(settings);
    const judged = await judgeStreams({ history: run.history(), plan: run.plan, ledger: run.ledger() });
    for (const { kind, back_to_normal: back } of judged.report.faults) {
      assert.equal(back?.state, 'normal', kind);
      assert.equal(value(exposition, 'encore_run_last_back_to_normal_seconds', `"${kind}"`), back.seconds);
    }
    assert.ok(value(exposition, 'encore_run_last_back_to_normal_seconds', '"crash"') > 20);
    assert.equal(value(exposition, 'encore_run_violations', '"back_to_normal_seconds"'), 1);
    assert.equal(value(exposition, 'encore_run_back_to_normal_limit_seconds'), 8);
  });

  it('count each wrong write of the run once', async () => {
    const run = new SimulatedRun({});
    const clock: Clock = { ...systemClock, now: () => 0 };
    const view = new RunView('r1', config, run.plan, 0);
    const metrics = new RunMetrics(view, clock);
    const found = {
      acknowledged: 9,
      readBack: 9,
      corrupt: 0,
      duplicate: 0,
      phantom: 0,
      unknownPresent: 0,
      unknownAbsent: 0,
    };
    // Two samples find the same three; the next random sample contains one of them.
    for (const [at, lost] of [3, 3, 1].entries())
      view.add({ type: 'read_back_done', at, final: false, lost, ...found });
    view.history.end();
    const exposition = await metrics.registry.metrics();
    assert.equal(value(exposition, 'encore_run_wrong_writes', '"lost"'), 3);
    assert.equal(value(exposition, 'encore_run_wrong_writes', '"corrupt"'), 0);
  });

  it("use the success rate limit of the run's settings", async () => {
    const limitWith = async (thresholds: Record<string, string>): Promise<number> => {
      const view = new RunView('r1', { ...config, thresholds }, new SimulatedRun({}).plan, 0);
      const exposition = await new RunMetrics(view, systemClock).registry.metrics();
      return value(exposition, 'encore_run_success_limit_ratio');
    };
    assert.equal(await limitWith({}), 0.95);
    assert.equal(await limitWith({ success_rate: 'value>=0.99' }), 0.99);
  });

  it('count external actions once nothing else can explain them', async () => {
    const at = new SimulatedRun({}).at(30);
    const start = {
      type: 'target_started',
      at,
      engineAt: at,
      target: 'server',
      actor: 'external',
      reason: '',
    } as const;
    const interventions = async (untilSecond: number): Promise<number> =>
      value(await expositionOf({ extra: [start] }, untilSecond), 'encore_run_violations', '"manual_interventions"');
    assert.equal(await interventions(60), 0);
    assert.equal(await interventions(95), 1);
    const lost = { type: 'engine_lost', at, fromAt: at, toAt: at + 5_000, ongoing: false, reason: 'gone' } as const;
    const exposition = await expositionOf({ extra: [start, lost] }, 95);
    assert.equal(
      value(exposition, 'encore_run_violations', '"manual_interventions"'),
      0,
      'the engine may have done it',
    );
  });

  it('exist from the start, without invented values', async () => {
    const exposition = await expositionOf({}, -100);
    assert.equal(value(exposition, 'encore_run_recovery_seconds_count', '"crash"'), 0);
    assert.equal(value(exposition, 'encore_run_supervisor_actions_total', 'action="start",result="done"'), 0);
    assert.ok(Number.isNaN(value(exposition, 'encore_run_success_ratio')));
    assert.equal(value(exposition, 'encore_run_phase', '"preflight"'), 1);
    assert.equal(value(exposition, 'encore_run_phase', '"steady"'), 0);
  });
});
