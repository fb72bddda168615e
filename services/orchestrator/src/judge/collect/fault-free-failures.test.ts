import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { markdownSummary } from '../../report/markdown.ts';
import { renderPage } from '../../report/page.ts';
import { textSummary } from '../../report/text-summary.ts';
import { crash, judged } from '../../testing/judged-run.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { FaultFreeFailures } from './fault-free-failures.ts';

describe('failed probes in fault-free windows', () => {
  it('appear with their outcomes and times in the reason and in every report', async () => {
    const at = new SimulatedRun().at(100);
    const probes = Array.from({ length: 60 }, (_, index) => {
      const dueAt = at + index * 100;
      return { dueAt, endedAt: dueAt + 1_000, outcome: index === 0 ? ('shed' as const) : ('deadline' as const) };
    });
    const judgement = await judged({ faults: [crash], extra: [{ type: 'probe_second', at, probes }] });
    const { report } = judgement;
    const note = report.thresholds.find(({ name }) => name === 'availability_fault_free')?.note ?? '';
    assert.match(
      note,
      /^60 of 1,\d{3} probes in fault-free windows failed: 59 deadline, 1 shed; from 10:01:52 to 10:01:58 UTC$/,
    );
    const reason = report.reasons.find((text) => text.startsWith('availability_fault_free: 9'));
    assert.ok(reason?.endsWith(`(rule: value>=0.99); ${note}`), report.reasons.join('\n'));
    for (const form of [textSummary(report), markdownSummary(report), renderPage(judgement)]) {
      assert.ok(form.includes(note));
    }
  });

  it('have no note if there are none', async () => {
    const { report } = await judged();
    assert.equal(report.thresholds.find(({ name }) => name === 'availability_fault_free')?.note, undefined);
  });

  it('are summarized by the spans with the most failures, in time order', () => {
    const failures = new FaultFreeFailures();
    const start = Date.UTC(2026, 10, 23, 10);
    for (const [second, count] of [
      [0, 3],
      [60, 40],
      [64, 1],
      [120, 1],
      [180, 1],
      [240, 20],
    ] as const) {
      for (let index = 0; index < count; index += 1) failures.add(start + second * 1_000, 'refused');
    }
    assert.equal(
      failures.note(1_000),
      '66 of 1,000 probes in fault-free windows failed: 66 refused; 61 of them from 10:01:00 to 10:01:05, from 10:04:00 to 10:04:01 UTC',
    );
  });
});
