import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judged } from '../testing/judged-run.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { judge } from './judge.ts';
import { mayBeChance } from './small-sample.ts';

describe('a share of few trials', () => {
  it('may be chance while a server that keeps the rule would come to it once in 20 times', () => {
    // By hand: 1 - 0.99^30 = 0.260; 1 - 0.99^30 - 30 x 0.01 x 0.99^29 = 0.036.
    assert.equal(mayBeChance(29 / 30, 30, 0.99), true);
    assert.equal(mayBeChance(28 / 30, 30, 0.99), false);
    // 1 - 0.999^500 = 0.394; two of 500: 0.090; three: 0.014.
    assert.equal(mayBeChance(498 / 500, 500, 0.999), true);
    assert.equal(mayBeChance(497 / 500, 500, 0.999), false);
  });

  it('is what it is once one failure alone would not break the rule', () => {
    assert.equal(mayBeChance(98 / 100, 100, 0.99), false);
    assert.equal(mayBeChance(98 / 99, 99, 0.99), true);
  });

  it('never excuses a rule that allows no failure, nor a server that is dead', () => {
    assert.equal(mayBeChance(99 / 100, 100, 1), false);
    for (const trials of [2, 5, 50, 999]) assert.equal(mayBeChance(0, trials, 0.999), false);
  });

  it('leaves a run that was stopped early interrupted, and says that nothing can be said', async () => {
    const one = await judgedWith(1, 4);
    const rule = one.thresholds.find(({ name }) => name === 'availability_control');
    assert.equal(one.result, 'INTERRUPTED', one.reasons.join('\n'));
    assert.deepEqual([rule?.ok, rule?.value], [null, 40 / 41]);
    assert.match(rule?.note ?? '', /^1 of 41 probes in control windows failed: .*; 41 are too few to judge by$/);
    assert.equal((await judgedWith(3, 4)).result, 'FAILED', '3 of 43 are no chance');
    assert.equal((await judgedWith(20, null)).result, 'FAILED', '20 of 1,720 broke the rule before, and do now');
  });

  it('fails a dead server, however early the run was stopped', async () => {
    const dead = plannedFault(1, {
      kind: 'crash',
      target: 'server',
      atSeconds: -2,
      downSeconds: Number.POSITIVE_INFINITY,
    });
    const run = new SimulatedRun({ faults: [dead], rampSeconds: 2, interruptedAfter: 1, operationsPerSecond: 3 });
    const { report } = await judge({
      history: run.history(),
      plan: run.plan,
      ledger: run.ledger(),
      historyProblems: [],
    });
    assert.equal(report.thresholds.find(({ name }) => name === 'success_rate')?.ok, false);
    assert.equal(report.result, 'FAILED');
  });
});

/** A run without faults in which so many probes failed in the second second of steady. */
async function judgedWith(failed: number, interruptedAfter: number | null): Promise<Report> {
  const at = new SimulatedRun().at(1);
  const probes = Array.from({ length: failed }, () => ({ dueAt: at, endedAt: at + 5, outcome: 'refused' as const }));
  return (await judged({ faults: [], interruptedAfter, extra: [{ type: 'probe_second', at, probes }] })).report;
}
