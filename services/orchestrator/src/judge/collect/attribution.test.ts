import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { engineEvent } from '../../testing/engine-event.ts';
import { crash, judged, refused } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';

describe('judge: attribution', () => {
  it('excludes the time of a frozen proxy from the verdict and warns of it', async () => {
    const outage = new SimulatedRun({
      faults: [plannedFault(1, { kind: 'outage', target: 'server', atSeconds: 60, downSeconds: 30 })],
    });
    // No request succeeds for half a minute: first because of the server, then because of its
    // proxy.
    const seen = async (extra: EncoreEvent[]) => {
      const ofFault = (event: EncoreEvent) =>
        'faultId' in event || event.type === 'engine_event' || event.type === 'target_started';
      const { report } = await judged({ ...outage.settings, extra }, { event: (event) => !ofFault(event) });
      return report;
    };
    const failed = await seen([]);
    assert.equal(failed.result, 'FAILED');
    const [fromAt, toAt] = [outage.at(59), outage.at(95)];
    const excluded = await seen([
      { type: 'injector_failed', at: toAt, reason: 'Toxiproxy did not answer', fromAt, toAt },
    ]);
    assert.equal(excluded.result, 'INCONCLUSIVE', excluded.reasons.join());
    assert.deepEqual([excluded.totals.success_rate, excluded.availability.fault_free_windows], [1, 1]);
    assert.ok((excluded.attribution.explained['injector'] ?? 0) > 100 && excluded.attribution.unexplained === 0);
    assert.match(excluded.warnings.join('\n'), /the injector itself failed for 36\.0 s .*Toxiproxy did not answer/);
  });

  it('warns of a failure of the injector that has no duration', async () => {
    const at = new SimulatedRun().at(100);
    const reason = 'the journal cannot be written (ENOSPC)';
    const { report } = await judged({ extra: [{ type: 'injector_failed', at, reason, fromAt: at, toAt: at }] });
    const time = new Date(at).toISOString().slice(11, 19);
    assert.ok(
      report.warnings.includes(`the injector itself failed (1 time): ${reason} (at ${time} UTC)`),
      report.warnings.join('\n'),
    );
    assert.equal(report.result, 'PASSED');
  });

  it('lists failures outside every window as unexplained, with their context', async () => {
    const { report } = await judged({ faults: [crash], steadySeconds: 60, strayFailures: 1 });
    assert.ok(report.attribution.unexplained > 20);
    assert.equal(report.attribution.unexplained_samples.length <= 50, true);
    const last = report.attribution.unexplained_samples.at(-1);
    assert.match(last?.detail ?? '', /phase steady; .* s after the end of f0001 \(crash\)/);
    assert.equal(report.result, 'PASSED', 'one failure in forty is within the limit, but raises a warning');
    assert.ok(report.warnings.some((warning) => warning.includes('not explained by any fault')));
  });

  it('names the wrong setting if a restart policy did not recover a crash', async () => {
    const noPolicy = { 'encore-server-1': { policy: 'no', init: true, stopSignal: 'SIGTERM' } };
    const { report } = await judged(
      { faults: [{ ...crash, startedBy: 'supervisor' }] },
      {
        event: (event) => {
          if (event.type === 'run_started') event.environment['restartSetups'] = noPolicy;
          return true;
        },
      },
    );
    assert.match(
      report.warnings.join('\n'),
      /f0001 \(crash, by supervisor\) \(encore-server-1 has restart: no \(required: always\)\)/,
    );
  });

  it('names the time at which the restart policy of a target was lost', async () => {
    const at = new SimulatedRun().at(20);
    const updated = (after: number, restartPolicy: string) => engineEvent(at + after, 'update', { restartPolicy });
    const { report } = await judged({
      faults: [{ ...crash, startedBy: 'supervisor' }],
      extra: [updated(0, 'always'), updated(500, 'no'), updated(1_500, 'no'), updated(60_000, 'unless-stopped')],
    });
    const time = new Date(at + 500).toISOString().slice(11, 19);
    assert.ok(
      report.warnings.some((text) =>
        text.endsWith(`f0001 (crash, by supervisor) (server had restart: no from ${time} UTC (required: always))`),
      ),
      report.warnings.join('\n'),
    );
  });

  it('attributes unlisted failures together with those of their second', async () => {
    const many = { faults: [refused], operationsPerSecond: 500 };
    const { report } = await judged(many);
    const failed = report.totals.attempts - (report.outcomes.ok ?? 0);
    assert.ok(failed > 400, `${failed} failed`);
    assert.ok(
      Math.abs((report.attribution.explained['f0003'] ?? 0) - failed) <= 10,
      JSON.stringify(report.attribution),
    );
    assert.ok(report.attribution.unexplained <= 10);
  });

  it('is inconclusive for the time in which the engine did not respond', async () => {
    const run = new SimulatedRun();
    const lost = (ongoing: boolean): EncoreEvent => ({
      type: 'engine_lost',
      at: run.at(115),
      fromAt: run.at(100),
      toAt: run.at(115),
      ongoing,
      reason: 'the container engine did not respond',
    });
    const stopped: EncoreEvent[] = ['kill', 'die', 'stop'].map((action) => ({
      ...{ type: 'engine_event', at: run.at(99), engineAt: run.at(99), target: 'server', action, exitCode: 0 },
    }));
    const ofRule = ({ report: { thresholds } }: Awaited<ReturnType<typeof judged>>) =>
      ['unexpected_exits', 'manual_interventions', 'forced_stops'].map(
        (metric) => thresholds.find(({ name }) => name === metric)?.ok,
      );
    assert.deepEqual(ofRule(await judged({})), [true, true, true]);
    assert.deepEqual(ofRule(await judged({ extra: stopped })), [false, false, true]);
    for (const ongoing of [false, true]) {
      const gone = await judged({ extra: [...stopped, lost(ongoing)] });
      assert.deepEqual(
        ofRule(gone),
        [null, null, null],
        'what stopped around that time may have stopped with the engine',
      );
      assert.equal(gone.report.result, 'INCONCLUSIVE', gone.report.reasons.join());
      assert.match(gone.report.reasons.join(), /no container events for .* the container engine did not respond/);
    }
  });

  it('excludes what users observe after the engine stopped, and deaths that it caused', async () => {
    const freeze = plannedFault(1, { kind: 'freeze', target: 'server', atSeconds: 70, durationSeconds: 6 });
    // No request succeeds from 100 s on: the outage simulates an engine that stops.
    const outage = plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 100, downSeconds: 8 });
    const run = new SimulatedRun({ faults: [freeze, outage] });
    const at = run.at(73);
    const died: EncoreEvent = {
      type: 'engine_event',
      at,
      engineAt: at,
      target: 'postgres',
      action: 'die',
      exitCode: 0,
    };
    const lost = (fromAt: number): EncoreEvent => {
      return { type: 'engine_lost', at: fromAt, fromAt, toAt: fromAt, ongoing: true, reason: 'it is shutting down' };
    };
    const seen = async (extra: EncoreEvent[]) => {
      const isOfOutage = (event: EncoreEvent) =>
        ('faultId' in event && event.faultId === 'f0002') ||
        ((event.type === 'engine_event' || event.type === 'target_started') && event.at > run.at(99));
      const { report } = await judged({ ...run.settings, extra }, { event: (event) => !isOfOutage(event) });
      return report;
    };
    const unexplained = await seen([died]);
    assert.match(unexplained.warnings.join('\n'), /postgres died during f0001/);
    assert.ok(unexplained.attribution.unexplained > 20, `${unexplained.attribution.unexplained}`);
    assert.doesNotMatch((await seen([died, lost(run.at(74))])).warnings.join('\n'), /died during/);
    const excluded = await seen([lost(run.at(99))]);
    assert.equal(excluded.attribution.unexplained, 0);
    assert.equal(excluded.availability.fault_free_windows, 1);
    assert.notEqual(excluded.result, 'FAILED', excluded.reasons.join());
  });

  it('does not fail a target that does not recover while the engine is gone', async () => {
    const down = { faults: [plannedFault(1, { kind: 'outage', target: 'server', atSeconds: 60, downSeconds: 200 })] };
    const run = new SimulatedRun(down);
    const failed = await judged(down);
    assert.match(failed.report.reasons.join(), /recovery_seconds/);
    const [fromAt, toAt] = [run.at(65), run.at(75)];
    const lost: EncoreEvent = {
      type: 'engine_lost',
      at: toAt,
      fromAt,
      toAt,
      ongoing: true,
      reason: 'the engine stopped',
    };
    const excluded = await judged({ ...down, extra: [lost] });
    assert.doesNotMatch(excluded.report.reasons.join(), /recovery_seconds:/);
    assert.match(excluded.report.reasons.join(), /no recovery time for f0001 .*the container engine did not respond/);
  });
});
