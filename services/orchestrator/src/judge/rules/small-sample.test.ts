import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judged, judgeStreams } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { mayBeChance } from './confidence.ts';

describe('share of few trials', () => {
  it('may be chance up to a probability of 5 %', () => {
    // By hand: 1 - 0.99^30 = 0.260; 1 - 0.99^30 - 30 x 0.01 x 0.99^29 = 0.036.
    assert.equal(mayBeChance(29 / 30, 30, 0.99), true);
    assert.equal(mayBeChance(28 / 30, 30, 0.99), false);
    // 1 - 0.999^500 = 0.394; two of 500: 0.090; three: 0.014.
    assert.equal(mayBeChance(498 / 500, 500, 0.999), true);
    assert.equal(mayBeChance(497 / 500, 500, 0.999), false);
  });

  it('decides as soon as a single failure would not break the rule', () => {
    assert.equal(mayBeChance(98 / 100, 100, 0.99), false);
    assert.equal(mayBeChance(98 / 99, 99, 0.99), true);
  });

  it('is never chance for a rule that allows no failure, or for a dead server', () => {
    assert.equal(mayBeChance(99 / 100, 100, 1), false);
    for (const trials of [2, 5, 50, 999]) assert.equal(mayBeChance(0, trials, 0.999), false);
  });

  it('reports a run that was stopped early as INTERRUPTED', async () => {
    const one = await judgedWith(1, 4);
    const rule = one.thresholds.find(({ name }) => name === 'availability_fault_free');
    assert.equal(one.result, 'INTERRUPTED', one.reasons.join('\n'));
    assert.deepEqual([rule?.ok, rule?.value], [null, 40 / 41]);
    assert.match(rule?.note ?? '', /^1 of 41 probes in fault-free windows failed: .*; 41 are too few to decide$/);
    assert.equal((await judgedWith(3, 4)).result, 'FAILED', '3 of 43 cannot be chance');
    assert.equal((await judgedWith(20, null)).result, 'FAILED', '20 of 1,720 break the rule');
  });

  it('fails a dead server even if the run was stopped at once', async () => {
    const dead = plannedFault(1, {
      kind: 'crash',
      target: 'server',
      atSeconds: -2,
      downSeconds: Number.POSITIVE_INFINITY,
    });
    const run = new SimulatedRun({ faults: [dead], rampSeconds: 2, interruptedAfter: 1, operationsPerSecond: 3 });
    const { report } = await judgeStreams({
      history: run.history(),
      plan: run.plan,
      ledger: run.ledger(),
    });
    assert.equal(report.thresholds.find(({ name }) => name === 'success_rate')?.ok, false);
    assert.equal(report.result, 'FAILED');
  });
});

/** A run without faults in which this many probes fail one second into steady. */
async function judgedWith(failed: number, interruptedAfter: number | null): Promise<Report> {
  const at = new SimulatedRun().at(1);
  const probes = Array.from({ length: failed }, () => ({ dueAt: at, endedAt: at + 5, outcome: 'refused' as const }));
  return (await judged({ faults: [], interruptedAfter, extra: [{ type: 'probe_second', at, probes }] })).report;
}
