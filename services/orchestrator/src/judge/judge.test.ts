import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { crash, defaultFaults, judged, not } from '../testing/judged-run.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { Ledger } from './collect/integrity.ts';
import { History } from './history.ts';
import { judge } from './judge.ts';

describe('judge', () => {
  it('passes a run that recovers from every fault', async () => {
    const { report, series } = await judged();
    assert.deepEqual([report.result, report.reasons, report.warnings], ['PASSED', [], []]);
    assert.equal(report.recoveries.count, 4);
    assert.equal(report.recoveries.failed, 0);
    assert.equal(report.integrity.acknowledged, 200);
    assert.equal(report.integrity.lost, 0);
    assert.equal(report.attribution.unexplained, 0);
    assert.equal(report.availability.fault_free_windows, 1);
    assert.equal(series.at.length, 183);
  });

  it('reports an interrupted run as INTERRUPTED, or FAILED after a violation', async () => {
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: { success_rate: 'value>=0.9' } };
    const { report } = await judged({ interruptedAfter: 100, config });
    assert.equal(report.result, 'INTERRUPTED', report.reasons.join('\n'));
    assert.deepEqual(
      report.faults.map(({ id }) => id),
      ['f0001', 'f0002'],
    );
    assert.ok(report.not_tested.includes('2 planned faults that the run did not reach'));
    const failed = await judged({ interruptedAfter: 100, lost: 2 });
    assert.equal(failed.report.result, 'FAILED');
    const withoutEffect = await judged({
      interruptedAfter: 100,
      faults: [{ ...crash, effect: 'absent' }, ...defaultFaults.slice(1)],
    });
    assert.equal(withoutEffect.report.result, 'INCONCLUSIVE');
    const unreported = await judged({ interruptedAfter: 2, faults: [] }, { event: not('generator_checked') });
    assert.equal(unreported.report.result, 'INTERRUPTED', unreported.report.reasons.join('\n'));
  });

  it('lists targets without a planned fault as not tested', async () => {
    const { report } = await judged({ faults: [crash] });
    assert.ok(
      report.not_tested.includes('no fault is planned on: postgres, server:8000, postgres:5432; add a schedule rule'),
    );
    const { report: all } = await judged();
    assert.ok(all.not_tested.includes('no fault is planned on: postgres, postgres:5432; add a schedule rule'));
  });

  it("names the guide's zone of a low success rate", async () => {
    const zone = async (strayFailures: number): Promise<string> =>
      (await judged({ faults: [crash], strayFailures })).report.reasons.join();
    assert.match(await zone(3), /success_rate: 9\d.*; warning zone: 90 to 95 %/);
    assert.match(await zone(8), /success_rate: [78]\d.*; failure zone: below 90 %/);
  });

  it('counts skipped operations, but not in the success rate', async () => {
    const { report: before } = await judged();
    assert.equal(before.totals.skipped, 0);
    assert.equal(before.totals.success_rate_of_planned, before.totals.success_rate);
    const skipping = (at: number, count: number): EncoreEvent => {
      const analyze = { ok: 0, failed: 0, unknown: 0, cancelled: 0, skipped: count };
      const nothing = { attempts: {}, responseMs: null, bytesSent: 0, bytesReceived: 0 };
      return { type: 'load_second', at, users: 20, operations: { analyze }, ...nothing };
    };
    const at = (second: number): number => new SimulatedRun().at(second);
    // The last ones are skipped after steady.
    const extra = [skipping(at(60.5), 300), skipping(at(61.5), 200), skipping(at(171.5), 1_000)];
    const thresholds = { skipped_operations: 'count<=499', success_rate_of_planned: 'value>=0.92' };
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds };
    const { report } = await judged({ extra, config });
    const { ok, operations, skipped, success_rate, success_rate_of_planned } = report.totals;
    assert.deepEqual(
      [skipped, report.operations['analyze']?.skipped, report.operations['create']?.skipped],
      [500, 500, 0],
    );
    assert.equal(success_rate, before.totals.success_rate);
    assert.equal(success_rate_of_planned, ok / (operations + 500));
    assert.deepEqual(report.reasons, [
      'skipped_operations: 500 (rule: count<=499)',
      `success_rate_of_planned: ${((ok / (operations + 500)) * 100).toFixed(2)} % (rule: value>=0.92)`,
    ]);
    assert.match(
      report.warnings.join('\n'),
      /^users skipped 500 operations; with these counted as failures, the success rate is 8\d\.\d+ %$/m,
    );
  });

  it("warns of the guide's zones in every profile", async () => {
    for (const profile of ['smoke', 'quick', 'moderate', 'full']) {
      const config = {
        profile,
        recoveryTimeoutSeconds: 30,
        thresholds: {
          success_rate: 'value>=0.5',
          attempt_success_rate: 'value>=0.5',
          availability_fault_free: 'value>=0',
        },
      };
      const warned = async (strayFailures: number) =>
        (await judged({ faults: [crash], strayFailures, config })).report.warnings.filter((text) => /zone/.test(text));
      assert.deepEqual(await warned(0), []);
      const [attempts, operations] = await warned(3);
      assert.match(
        attempts ?? '',
        /^the success rate of attempts .* is 9[1-4]\.\d\d %: warning zone: 90 to 95 %$/,
        profile,
      );
      assert.match(operations ?? '', /^the success rate of operations is 9[1-4].*warning zone/);
      assert.match((await warned(8))[0] ?? '', /failure zone: below 90 %/);
    }
  });

  it('uses only probes of steady for the fault-free windows', async () => {
    const at = new SimulatedRun().at(-5);
    const probes = [{ dueAt: at, endedAt: at + 1_000, outcome: 'deadline' as const }];
    const { report } = await judged({ extra: [{ type: 'probe_second', at, probes }] });
    assert.equal(report.availability.fault_free_windows, 1);
    assert.ok((report.availability.overall ?? 1) < 1);
  });

  it('fails a leak of memory after garbage collections, by an added rule', async () => {
    const thresholds = { memory_floor_slope_bytes_per_hour: 'value<20000000' };
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds };
    const resultOf = async (bytesPerSecond: number) => {
      const settings = { faults: [], rampSeconds: 5, steadySeconds: 445, config };
      const at = (second: number): number => new SimulatedRun(settings).at(second);
      const seconds = Array.from({ length: 44 }, (_, index) => index * 10);
      const extra = seconds.map((second) => {
        const bytes = 30e6 + bytesPerSecond * second + (second % 30) * 1e4;
        return { type: 'garbage_collected', at: at(second), bytes } as const;
      });
      return (await judged({ ...settings, extra })).report;
    };
    const leaking = await resultOf(1e6 / 60);
    assert.equal(leaking.result, 'FAILED');
    assert.match(
      leaking.reasons[0] ?? '',
      /^memory_floor_slope_bytes_per_hour: 5\d\.\d MB\/h \(rule: value<20000000, which is 19\.1 MB\/h\)/,
    );
    assert.deepEqual((await resultOf(0)).reasons, []);
  });

  it('fails a memory leak between restarts, by an added rule', async () => {
    const megabytePerMinute = 60 * 1_048_576;
    const rule = {
      profile: 'smoke',
      recoveryTimeoutSeconds: 30,
      thresholds: { memory_slope_bytes_per_hour: 'value<20000000' },
    };
    const long = { steadySeconds: 1_200, faults: [crash], config: rule };
    const leaking = await judged({ ...long, leakBytesPerHour: megabytePerMinute });
    const slope = leaking.report.resources['server']?.memory_slope_bytes_per_hour ?? 0;
    assert.ok(Math.abs(slope - megabytePerMinute) < 0.2 * megabytePerMinute, `slope ${slope}`);
    assert.equal(leaking.report.result, 'FAILED');
  });

  it('gives the same verdict if the run was also judged midway', async () => {
    const expected = await judged({ lost: 1 });
    const run = new SimulatedRun({ faults: defaultFaults, lost: 1 });
    const history = new History(run.plan);
    const problems: string[] = [];
    // Events of the injector arrive 5 s later than those of the load generator.
    const arrivesAt = ({ type, at }: EncoreEvent): number => at + (type.startsWith('fault_') ? 5_000 : 0);
    const events = [...run.events()].sort((a, b) => arrivesAt(a) - arrivesAt(b));
    for (const [index, event] of events.entries()) {
      history.add(event);
      if (index % 50 > 0) continue;
      const now = { history, ledger: new Ledger(), problems };
      assert.deepEqual(judge(now), judge(now));
    }
    history.end();
    const ledger = new Ledger();
    for await (const entry of run.ledger()) ledger.add(entry);
    assert.deepEqual(judge({ history, ledger, problems }), expected);
    assert.deepEqual(problems, []);
  });
});
