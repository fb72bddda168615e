import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { crash, judgedKills, laterCrash, limitOf5Seconds, outage, slowFault } from '../testing/judged-run.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { textSummary } from './text-summary.ts';

describe('text summary', () => {
  it('prints the block of the guide, then each kill step by step', async () => {
    const { report } = await judgedKills();
    const text = textSummary(report, 'test_results/production_test_20261123_100000.json');
    const lines = text.split('\n');
    assert.equal(lines[0], '='.repeat(80));
    assert.equal(lines[1], 'PRODUCTION TEST SUMMARY');
    const labels = lines.slice(3, 13).map((line) => line.replace(/(?<=: ).*/, ''));
    assert.deepEqual(labels, [
      'Duration: ',
      'Result: ',
      '',
      'Success Rate: ',
      'Total Requests: ',
      'Failed Requests: ',
      'Total Recoveries: ',
      'Avg Recovery Time: ',
      '',
      'Full report saved to: ',
    ]);
    for (const line of [
      /^Duration: 0:03:09 \(3m 00s of load observed, seed 7\)$/,
      /^Result: PASSED$/,
      /^Success Rate: 96\.\d\d% of attempts, 96\.\d\d% of 7,020 operations \(including retries\)$/,
      /^Total Requests: 7,020 \(39\/s\)$/,
      /^Failed Requests: (\d+) \(whole run: \1 explained by faults, 0 unexplained\)$/,
      /^Total Recoveries: 2 \(of 2 faults; 2 of 2 kills\)$/,
      /^Avg Recovery Time: 3\.1s \(worst 4\.3 s\)$/,
      /^Planned Faults: 2 of 2 ran, 0 skipped$/,
      /^Back to Normal: at most \d+\.\d s after recovery, for all 2 recoveries$/,
      /^Skipped Operations: 0$/,
      /^Lost Writes: 0 of 200 acknowledged$/,
      /^Full report saved to: test_results\/production_test_20261123_100000\.json$/,
      /^Kill 1 of 2: crash of server at 10:00:52\.250 UTC \(f0001\), recovered by restart-policy in 1\.86 s$/,
      /^ {2}\+ {3}0\.900 s {2}process restarted by restart-policy$/,
    ]) {
      assert.ok(
        lines.some((candidate) => line.test(candidate)),
        `${line} in:\n${text}`,
      );
    }
    const steps = lines.slice(lines.findIndex((line) => line.startsWith('Kill 1')) + 1).slice(0, 7);
    assert.equal(
      steps.every((line) => /^ {2}\+ +\d+\.\d{3} s {2}\S/.test(line)),
      true,
      'seven steps with their times',
    );
  });

  it('prints each other fault that broke the limit, step by step', async () => {
    const faults = [slowFault, laterCrash];
    const { report } = await judgedKills({ config: limitOf5Seconds, faults });
    assert.match(
      textSummary(report),
      /^Slow recovery 1 of 1: connection-refused of server:8000 at [\d:.]+ UTC \(f0001\), recovered by \S+ in 6\.\d+ s, too late \(limit 5 s\)\n {2}\+ {3}0\.000 s {2}injected \(/m,
    );
    const { report: quick } = await judgedKills({ faults });
    assert.doesNotMatch(textSummary(quick), /Slow recovery/);
  });

  it('states which services were not back before the next fault or the read-back', async () => {
    const { report } = await judgedKills({
      faults: [plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 60 })],
    });
    const services = [
      { service: 'api', seconds: null, source: 'ready' as const, resolution_seconds: 0.1 },
      { service: 'db', seconds: 1.2, source: 'engine' as const, resolution_seconds: null },
    ];
    const faults = report.faults.map((fault) => ({ ...fault, services }));
    assert.match(
      textSummary({ ...report, faults }),
      /services: api not back before the next fault or the read-back \(ready URL every 0\.1 s\), db 1\.20 s \(engine\)/,
    );
  });

  it('names no actor for a process that did not recover', async () => {
    const { report } = await judgedKills({ faults: [crash] });
    const faults = report.faults.map((fault) => ({ ...fault, recovered_by: 'none' as const, recovery_seconds: null }));
    assert.match(textSummary({ ...report, faults }), /s {2}process restarted$/m);
  });

  it('reports no availability for a run without load', async () => {
    const judgement = await judgedKills({ faults: [crash] });
    const text = textSummary({ ...judgement.report, observed_seconds: 0 });
    assert.match(text, /^Availability: not measured$/m);
    assert.match(textSummary(judgement.report), /^Availability: 9\d\.\d\d %, in fault-free windows 100\.000 %$/m);
  });

  it('counts every planned fault once, even in an interrupted run', async () => {
    const { report } = await judgedKills({ faults: [crash, outage], interruptedAfter: 60 });
    assert.deepEqual(report.planned_faults, {
      planned: 2,
      ran: 1,
      skipped: [{ reason: 'the run ended before its time', count: 1 }],
      dropped: [],
    });
  });

  it('shows the lower bound of an unknown return to normal', async () => {
    const sheds = { fromSeconds: 0, toSeconds: 30 };
    const shedding = plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 80, downSeconds: 3, sheds });
    const next = plannedFault(3, { kind: 'outage', target: 'server', atSeconds: 95, downSeconds: 3 });
    const { report } = await judgedKills({ faults: [crash, shedding, next] });
    const text = textSummary(report);
    const pattern =
      /^Back to Normal: measured for 2 of 3 recoveries, at most (\d+\.\d) s after recovery; 1 unknown \(another fault began: 1\), the longest still abnormal after (\d+\.\d) s$/m;
    const [, maximum, over] = pattern.exec(text) ?? [];
    assert.ok(over !== undefined, text);
    assert.ok(Number(over) >= 8 && Number(maximum) > 0, text);
  });

  it('lists the reasons of a failure and shows a missing recovery as the worst', async () => {
    const { report } = await judgedKills({ faults: [crash, { ...outage, downSeconds: Number.POSITIVE_INFINITY }] });
    const text = textSummary(report);
    assert.match(text, /Result: FAILED\n {2}- success_rate: /);
    assert.match(text, /worst: never/);
    assert.match(text, /\(f0002\), not recovered/);
  });

  it('counts no recovery for kills without effect', async () => {
    const { report } = await judgedKills({
      faults: [crash, { ...outage, effect: 'absent' }, { ...outage, id: 'f0003', effect: 'unsupported' }],
    });
    const text = textSummary(report);
    assert.match(text, /Total Recoveries: 1 \(of 1 fault; 1 of 1 kill\)\n/);
    assert.match(text, /\(f0002\), had no effect \(nothing changed\)\n-{80}\nKill 3/);
    assert.match(
      text,
      /Kill 3 of 3: outage of server \(f0003\), not supported here \(skipped: no writable cgroup\)\n={80}/,
    );
    assert.doesNotMatch(text, /not recovered|at never/);
  });
});
