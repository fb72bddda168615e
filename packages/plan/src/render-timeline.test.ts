import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { makePlan } from './make-plan.ts';
import { profileConfigs, smokeConfig, system } from './plan.fixture.ts';
import { renderTimeline } from './render-timeline.ts';

describe('renderTimeline', () => {
  it('shows seed, hash, best success rate, counts and one line per fault within 100 columns', () => {
    for (const config of Object.values(profileConfigs)) {
      const plan = makePlan(config, system);
      const text = renderTimeline(plan, {});
      for (const line of text.split('\n')) assert.ok(line.length <= 100 && line === line.trimEnd(), line);
      assert.ok(text.includes(plan.hash) && text.includes(`seed                 ${plan.seed}`));
      assert.ok(text.includes(`best success rate    ${(plan.bestSuccessRate * 100).toFixed(2)} %`));
      for (const { id } of plan.faults) assert.equal(text.split(` ${id} `).length, 2);
    }
  });

  it('states when its times start', () => {
    const text = renderTimeline(makePlan(smokeConfig, system), {});
    assert.match(text, /^ {2}times {16}from the start of steady load, which follows the ramp$/m);
    assert.match(text, /^ {2}at \(steady\) id /m);
  });

  it('marks noop faults', () => {
    const text = renderTimeline(makePlan({ ...smokeConfig, control: 'noop-faults' }, system), {});
    const faults = text.split('\n').filter((line) => / f\d{4} /.test(line));
    for (const line of faults) assert.match(line, / noop\b/);
  });

  it('marks unsupported kinds with the reason, or states that they are not known yet', () => {
    const plan = makePlan(smokeConfig, system);
    const reason = 'needs a container with its own network and scratch space, which this lab does not have';
    const text = renderTimeline(plan, { crash: reason, 'disk-full': 'of no kind in this plan' });
    for (const line of text.split('\n')) assert.ok(line.length <= 100, line);
    const [, head = ''] =
      /^ {2}not supported here {3}(2 crash, skipped: [\s\S]*?)\n {2}(?:not tested|times) /m.exec(text) ?? [];
    assert.equal(head.replaceAll(/\s+/g, ' '), `2 crash, skipped: ${reason}`);
    for (const line of text.split('\n').filter((line) => / f\d{4} /.test(line)))
      assert.equal(/ not supported here\b/.test(line), line.includes(' crash '), line);
    assert.ok(!text.includes('disk-full') && !renderTimeline(plan, {}).includes('supported here'));
    assert.match(renderTimeline(plan, null), /^ {2}supported here {7}unknown until the lab runs; `check` /m);
  });

  it('wraps long settings in their column and omits none', () => {
    const params = { sliceBytes: 1, sliceDelayMicroseconds: 1_000_000, direction: 'downstream' as const };
    const rule = { name: 'a', target: 'server:8000' as const, when: { atSeconds: [30] }, pick: 'weighted' as const };
    const schedule = [{ ...rule, overlap: false, faults: [{ kind: 'slicer' as const, weight: 1, params }] }];
    const text = renderTimeline(makePlan({ ...smokeConfig, schedule, control: 'noop-faults' }, system), {});
    for (const line of text.split('\n')) assert.ok(line.length <= 100, line);
    assert.match(text, / noop, sliceBytes 1,\n {60,}sliceDelayMicroseconds 1000000,\n {60,}direction downstream\n/);
  });

  it('names the targets that allow a kind and get no fault', () => {
    const plan = makePlan(smokeConfig, system);
    const db = { allowedKinds: ['crash' as const], replicas: 1 };
    const proxy = { allowedKinds: ['latency' as const], runsIn: 'proxy' };
    const extended = {
      ...plan.system,
      containers: { ...plan.system.containers, db, idle: { allowedKinds: [], replicas: 1 } },
      proxies: { ...plan.system.proxies, 'db:5432': proxy },
    };
    const text = renderTimeline({ ...plan, system: extended }, {});
    const [, head = ''] = /^ {2}not tested {11}([\s\S]*?)\n {2}times /m.exec(text) ?? [];
    const untouched = 'postgres, db, postgres:5432, db:5432';
    assert.equal(head.replaceAll(/\s+/g, ' '), `no fault is planned on: ${untouched}; add a schedule rule`);
    assert.doesNotMatch(text, /idle/);
    const onDb = plan.faults.map((fault) => ({ ...fault, target: 'db' }));
    assert.doesNotMatch(renderTimeline({ ...plan, system: extended, faults: onDb }, {}), /planned on: (.*, )?db[,;]/);
  });

  it('keeps its columns with a long target', () => {
    const plan = makePlan(smokeConfig, system);
    const [first, ...others] = plan.faults;
    assert.ok(first !== undefined);
    const text = renderTimeline({ ...plan, faults: [{ ...first, target: 'subscription-worker:8080' }, ...others] }, {});
    const rows = text.split('\n').filter((line) => / f\d{4} /.test(line));
    const end = text
      .split('\n')
      .find((line) => line.includes('at (steady)'))
      ?.indexOf('  settings');
    for (const row of rows) assert.match(row.slice(0, end), / (-|\d+\.\d s)$/);
  });

  it('formats times as h:mm:ss.t', () => {
    const text = renderTimeline(makePlan(smokeConfig, system), {});
    assert.match(text, /^ {2}0:00:22\.5 {3}f000\d {3}crash {15}server {17}-$/m);
    assert.match(text, /2 crash/);
  });
});
