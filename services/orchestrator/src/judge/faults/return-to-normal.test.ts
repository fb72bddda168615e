import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { crash, defaultFaults, judged, outage, refused } from '../../testing/judged-run.ts';
import { plannedFault, type SimulatedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import type { Simulation } from '../../testing/simulation.ts';

/** With the probe and operation rates of the full profile. */
const full: Partial<Simulation> = {
  steadySeconds: 600,
  users: 100,
  operationsPerSecond: 200,
  config: { profile: 'full', recoveryTimeoutSeconds: 60, thresholds: {} },
};
const kill = (number: number, atSeconds: number, sheds?: SimulatedFault['sheds']): SimulatedFault =>
  plannedFault(number, { kind: 'outage', target: 'server', atSeconds, downSeconds: 3, ...(sheds ? { sheds } : {}) });
const ruleOf = ({ thresholds }: Report, name: string) => thresholds.find((rule) => rule.name === name);

describe('judge: return to normal', () => {
  it('is immediate if nothing fails after the recovery', async () => {
    const { report } = await judged();
    assert.deepEqual(
      report.faults.map(({ back_to_normal: one }) => one?.state),
      ['normal', 'normal', 'normal', 'normal'],
    );
    for (const { back_to_normal: one } of report.faults) assert.ok((one?.seconds ?? 9) < 1, JSON.stringify(one));
    assert.deepEqual(report.recoveries.back_to_normal.measured, 4);
    assert.equal(ruleOf(report, 'back_to_normal_seconds')?.ok, true);
  });

  it('fails a server that sheds for 60 s after each outage', async () => {
    const sheds = { fromSeconds: 0, toSeconds: 60 };
    const { report, series } = await judged({ ...full, faults: [kill(1, 60, sheds), kill(2, 300, sheds)] });
    assert.equal(report.result, 'FAILED');
    assert.deepEqual(report.reasons.length, 1, report.reasons.join('\n'));
    assert.match(report.reasons[0] ?? '', /^back_to_normal_seconds: 60\.\d\d s \(rule: max<8\)/);
    assert.equal(report.attribution.unexplained, 0);
    assert.equal(report.availability.fault_free_windows, 1);
    const [band] = series.faults;
    assert.ok((band?.windowTo ?? 0) - (band?.to ?? 0) > 65, 'the window in the timeline');
    assert.ok((report.attribution.explained['f0001'] ?? 0) > 1_000, JSON.stringify(report.attribution.explained));
  });

  it('fails a server that sheds from 5 to 12 s after each outage', async () => {
    const faults = [1, 2, 3, 4].map((number) => kill(number, number * 120, { fromSeconds: 5, toSeconds: 12 }));
    const { report } = await judged({ ...full, faults });
    assert.equal(report.result, 'FAILED');
    const reasons = report.reasons.join('\n');
    // Whether the 5 s before it count as normal depends on when in its second the outage ended.
    // Either way a rule is broken.
    assert.match(reasons, /^(back_to_normal_seconds: 1[12]|availability_fault_free:)/);
  });

  it('passes a server that sheds for 6.5 s after each outage, with a warning', async () => {
    const faults = [1, 2].map((number) => kill(number, number * 120, { fromSeconds: 0, toSeconds: 6.5 }));
    const { report } = await judged({ ...full, faults });
    assert.deepEqual([report.result, report.attribution.unexplained], ['PASSED', 0], report.reasons.join('\n'));
    assert.match(report.warnings.join('\n'), /took more than 75 % of the 8 s limit to return to normal: f0001/);
  });

  it('closes the window at the bound and reports "never"', async () => {
    const { report } = await judged({ ...full, faults: [kill(1, 60, { fromSeconds: 0, toSeconds: 200 })] });
    assert.equal(report.faults[0]?.back_to_normal?.state, 'never');
    assert.equal(report.faults[0]?.stages.back_to_normal, null);
    assert.match(
      report.reasons.join('\n'),
      /back_to_normal_seconds: never back to normal \(rule: max<8\); not within 90 s after f0001 \(outage\)/,
    );
    assert.ok((report.availability.fault_free_windows ?? 1) < 0.999, 'the rest of it counts as fault-free time');
    assert.ok(report.attribution.unexplained > 1_000);
  });

  it('is unknown if another fault began first', async () => {
    const early = { ...crash, sheds: { fromSeconds: 0, toSeconds: 20 } };
    const next = { ...refused, id: 'f0002', atSeconds: 46 };
    const { report } = await judged({ faults: [early, next, { ...outage, id: 'f0003' }] });
    const [first, second] = report.faults;
    assert.equal(first?.back_to_normal?.state, 'unknown');
    assert.equal(first.back_to_normal.reason, 'another fault began');
    assert.ok((first.back_to_normal.seconds ?? 0) > 2, JSON.stringify(first.back_to_normal));
    assert.equal(second?.back_to_normal?.state, 'normal', 'the second fault is measured for both');
    assert.match(
      ruleOf(report, 'back_to_normal_seconds')?.note ?? '',
      /measured for 2 of 3 recoveries; unknown for the others because another fault began first \(1\)/,
    );
    assert.equal(report.recoveries.back_to_normal.unknown, 1);
  });

  it('breaks the rule by its lower bound if another fault began after the limit', async () => {
    const shedding = kill(1, 40, { fromSeconds: 0, toSeconds: 16 });
    const faults = [shedding, { ...refused, id: 'f0002', atSeconds: 60 }, { ...refused, id: 'f0003', atSeconds: 120 }];
    const { report } = await judged({ ...full, steadySeconds: 170, faults });
    assert.match(report.reasons.join('\n'), /^back_to_normal_seconds: 1\d\.\d\d s \(rule: max<8\)/);
    const note = ruleOf(report, 'back_to_normal_seconds')?.note;
    assert.match(note ?? '', /^slowest after f0001 \(outage\), which took at least this long;/);
  });

  it('has too little data if most faults were soon followed by another', async () => {
    const close = [0, 1, 2].map((number) => ({ ...refused, id: `f000${number + 1}`, atSeconds: 60 + number * 3 }));
    const { report } = await judged({ faults: close });
    assert.equal(ruleOf(report, 'back_to_normal_seconds')?.ok, null);
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /not enough data for the rules back_to_normal_seconds/);
  });

  it('is unknown if the load was not observed', async () => {
    const faults = [{ ...outage, id: 'f0001', sheds: { fromSeconds: 0, toSeconds: 5 } }, ...defaultFaults.slice(2)];
    const { report } = await judged({
      steadySeconds: 240,
      faults: [faults[0] ?? crash],
      unseen: { from: 88, to: 230 },
    });
    assert.equal(report.faults[0]?.back_to_normal?.state, 'unknown');
    assert.equal(report.faults[0].back_to_normal.reason, 'the load was not observed');
  });

  it('is unknown if the load ended first', async () => {
    const late = kill(1, 155, { fromSeconds: 0, toSeconds: 30 });
    const { report } = await judged({ ...full, steadySeconds: 165, faults: [kill(2, 40), late] });
    const [, second] = report.faults;
    assert.deepEqual(
      [second?.back_to_normal?.state, second?.back_to_normal?.reason],
      ['unknown', 'the load ended'],
      JSON.stringify(second?.back_to_normal),
    );
    assert.ok((second?.back_to_normal?.seconds ?? 99) < 7, JSON.stringify(second?.back_to_normal));
    assert.equal(report.attribution.unexplained, 0);
  });

  it('does not hide an unexpected exit within the window', async () => {
    const shedding = kill(1, 60, { fromSeconds: 0, toSeconds: 60 });
    const at = new SimulatedRun(full).at(100);
    const { report } = await judged({
      ...full,
      faults: [shedding],
      extra: [{ type: 'engine_event', at, engineAt: at, target: 'server', action: 'die', exitCode: 1 }],
    });
    assert.match(report.reasons.join('\n'), /unexpected_exits: 1/);
  });
});
