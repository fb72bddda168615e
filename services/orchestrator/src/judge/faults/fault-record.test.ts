import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { crash, historyOf, judged, laterCrash, limitOf5Seconds, outage, slowFault } from '../../testing/judged-run.ts';
import { plannedFault, type SimulatedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { Ledger } from '../collect/integrity.ts';
import { judge } from '../judge.ts';

describe('judge: recoveries', () => {
  it('measures each stage of a crash from the kill to the first correct response', async () => {
    const { report } = await judged();
    const fault = report.faults[0];
    assert.equal(fault?.recovered_by, 'restart-policy');
    assert.equal(fault.injected_at, new Date(new SimulatedRun().at(40.25)).toISOString());
    assert.equal(fault.stages.detected, 0.002, 'the first refused attempt');
    assert.equal(fault.stages.restarted, 0.9);
    assert.equal(fault.stages.port, 1.3);
    assert.equal(fault.stages.ready, 1.5);
    // The server responds from 1.8 s on; the next probe is due at 42.1 s of steady and takes 8 ms.
    assert.equal(fault.stages.first_success, 1.858);
    assert.equal(fault.recovery_seconds, 1.858);
    assert.ok((fault.stages.back_to_normal ?? 0) >= 1.858);
  });

  it('measures the recovery from a fault with a duration from its verified revert', async () => {
    const { report } = await judged();
    const fault = report.faults[2];
    assert.equal(fault?.recovered_by, 'revert');
    assert.equal(fault.reverted_at, new Date(new SimulatedRun().at(121) - 5).toISOString());
    // Reverted at 120.995; the probe due at 121.0 gets its response at 121.008.
    assert.equal(fault.recovery_seconds, 0.013);
    assert.ok(fault.attempts_failed > 30, `${fault.attempts_failed} failed attempts`);
  });

  it('attributes a recovery to a restart policy only if the restart count rose', async () => {
    const { report } = await judged();
    assert.equal(report.faults[1]?.recovered_by, 'supervisor');
    const uncounted = await judged(
      {},
      {
        event: (event) => !(event.type === 'engine_event' && event.action === 'start' && event.restartCount !== 0),
      },
    );
    const { report: forged } = await judged({
      extra: [
        {
          type: 'engine_event',
          at: new SimulatedRun().at(30),
          engineAt: new SimulatedRun().at(30),
          target: 'server',
          action: 'health_status',
          restartCount: 99,
        },
      ],
    });
    assert.equal(uncounted.report.faults[0]?.recovered_by, 'restart-policy', 'without a count the injector decides');
    assert.equal(forged.faults[0]?.recovered_by, null);
    assert.ok(forged.warnings.some((warning) => warning.includes('f0001 (crash, by an unknown cause)')));
  });

  it('fails a server that never recovers', async () => {
    const { report } = await judged({ faults: [crash, { ...outage, downSeconds: Number.POSITIVE_INFINITY }] });
    assert.equal(report.result, 'FAILED');
    assert.equal(report.faults[1]?.recovered_by, 'none');
    assert.equal(report.recoveries.failed, 1);
    assert.ok(
      report.reasons.some((reason) => /recovery_seconds: never recovered .*f0002/.test(reason)),
      report.reasons.join('\n'),
    );
    assert.ok(report.reasons.some((reason) => /success_rate: .*; failure zone: below 90 %\)/.test(reason)));
  });

  it('fails a single recovery over the limit, and warns above 75 % of it', async () => {
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 4, thresholds: { success_rate: 'value>=0.9' } };
    const slow = await judged({ config });
    assert.equal(slow.report.result, 'FAILED');
    assert.deepEqual([slow.report.recoveries.count, slow.report.recoveries.late], [4, 1]);
    assert.equal(slow.report.recoveries.limit_seconds, 4);
    const near = await judged({ config: { ...config, recoveryTimeoutSeconds: 5 } });
    assert.equal(near.report.result, 'PASSED');
    assert.equal(near.report.recoveries.late, 0);
    assert.ok(near.report.warnings.some((warning) => warning.includes('more than 75 % of the 5 s limit: f0002')));
  });

  it('names the slowest fault with its target, and a fault of another target that began before it ended', async () => {
    const reasonOf = async (faults: SimulatedFault[]) =>
      (await judged({ config: limitOf5Seconds, faults })).report.reasons.find((text) =>
        text.startsWith('recovery_seconds'),
      ) ?? '';
    assert.match(
      await reasonOf([slowFault, laterCrash]),
      /\(rule: max<5\); slowest: f0001 connection-refused of server:8000, which ended only after f0002 crash of server had begun;/,
    );
    assert.match(await reasonOf([{ ...crash, downSeconds: 6 }]), /\(rule: max<5\); slowest: f0001 crash of server;/);
  });

  it('names a missing restart policy of a target that stays down', () => {
    const run = new SimulatedRun({ faults: [{ ...crash, downSeconds: Number.POSITIVE_INFINITY }] });
    const reasonsWith = (environment: Record<string, unknown>) => {
      const events = [...run.events()].map((event) =>
        event.type === 'run_started' ? { ...event, environment } : event,
      );
      const { report } = judge({ history: historyOf(run.plan, events), ledger: new Ledger(), problems: [] });
      return report.reasons.join('\n');
    };
    const text = 'no correct response after f0001 crash of server';
    assert.ok(reasonsWith({ withoutRestartPolicy: ['server'] }).includes(`${text}, which has no restart policy (`));
    assert.ok(reasonsWith({ withoutRestartPolicy: ['db'] }).includes(`${text};`));
  });

  it('fails a dependency that stays down, although users get correct responses', async () => {
    const faults = [plannedFault(1, { kind: 'crash', target: 'postgres', atSeconds: 40 })];
    const { report } = await judged({ faults });
    assert.equal(report.faults[0]?.recovered_by, 'restart-policy');
    assert.ok((report.faults[0].recovery_seconds ?? 0) >= (report.faults[0].stages.restarted ?? Infinity));
    const isStart = (event: EncoreEvent): boolean =>
      event.type === 'target_started' || (event.type === 'engine_event' && event.action === 'start');
    const { report: down } = await judged({ faults }, { event: (event) => !isStart(event) });
    assert.deepEqual([down.result, down.faults[0]?.recovered_by], ['FAILED', 'none']);
    const text = 'never recovered (rule: max<30); the target did not start again after f0001 crash of postgres;';
    assert.ok(
      down.reasons.some((reason) => reason.includes(text)),
      down.reasons.join('\n'),
    );
  });

  it('does not count the start for the read-back as a stage', async () => {
    const faults = [{ ...crash, downSeconds: Number.POSITIVE_INFINITY }];
    const { report } = await judged({ faults });
    assert.deepEqual([report.faults[0]?.recovered_by, report.faults[0]?.stages.restarted], ['none', null]);
    const { report: unmarked } = await judged(
      { faults },
      { event: (event) => event.type !== 'phase_entered' || event.phase !== 'read-back' },
    );
    assert.ok((unmarked.faults[0]?.stages.restarted ?? 0) > 100, 'without the phase, the start counts');
  });

  it('measures the recovery from an outage from its revert, or from the kill if nothing was to start it', async () => {
    const outageUntil = async (until: 'revert' | 'never') => {
      const times = { atSeconds: 40, durationSeconds: 100 };
      const fault = plannedFault(1, { kind: 'outage', target: 'server', ...times, params: { until } });
      const { report } = await judged({ faults: [fault] });
      return report.faults[0]?.recovery_seconds ?? null;
    };
    assert.ok(((await outageUntil('revert')) ?? 100) < 1);
    assert.ok(((await outageUntil('never')) ?? 0) > 99);
  });
});
