import assert from 'node:assert/strict';
import { isKill, type RunConfig } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { openingLines, settingLines } from './opening-lines.ts';

const smoke: RunConfig = { ...profiles.smoke, profile: 'smoke', seed: 7 };
const linesOf = (settings: Partial<RunConfig>): string[] => {
  const config = { ...smoke, ...settings };
  return openingLines('r1', config, makePlan(config, bundledSystem));
};

describe('opening lines', () => {
  it('describe the run', () => {
    const [first, second, ...rest] = linesOf({});
    assert.equal(first, 'Encore run r1: smoke, 0.05 h, 20 users, a kill every 0.75 min');
    assert.match(second ?? '', /^Seed 7, plan [0-9a-f]{12}: 11 faults, estimated best success rate \d{2,3}\.\d %$/);
    assert.deepEqual(rest, []);
    assert.match(linesOf({ users: 1 })[0] ?? '', / 1 user,/);
  });

  it('name a control run, its effect and its required result', () => {
    const dead = linesOf({ control: 'server-down' });
    assert.equal(dead[0], 'Encore run r1: smoke, 0.05 h, 20 users, server stays down');
    assert.match(dead[1] ?? '', /^This is the control run server-down: .* must be FAILED\.$/);
    assert.match(dead[2] ?? '', /: 1 fault, /);
    const idle = linesOf({ control: 'noop-faults' });
    assert.match(idle[0] ?? '', /a kill every 0\.75 min, without any effect$/);
    assert.match(idle[1] ?? '', /^This is the control run noop-faults: .* must be INCONCLUSIVE\.$/);
  });

  it('warn of a schedule without time for a kill', () => {
    const lines = linesOf({ killIntervalMinutes: 60 });
    assert.match(lines[0] ?? '', /, no kills$/);
    assert.match(lines[1] ?? '', /^Warning: no kill is planned: with --kill-interval 60 /);
  });

  it('list profile, users, mix, recovery limit and every rule for a dry run', () => {
    const config = { ...smoke, users: 3, recoveryTimeoutSeconds: 12, thresholds: { sheds: 'count<5' } };
    const text = settingLines(config, makePlan(config, bundledSystem)).join('\n');
    assert.match(text, /^Profile smoke, 0\.05 h\n {2}users +3, think time 0\.5 to 3 s\n/);
    assert.match(text, /\n {2}mix +the workload's defaults\n {2}recovery limit +12 s\n/);
    for (const rule of ['recovery_seconds: max<12', 'sheds: count<5', 'lost_writes: count==0'])
      assert.ok(text.includes(` ${rule}`), rule);
  });

  it('state what each rule of a dry run can show', () => {
    const config = { ...smoke, users: 30, load: { ...smoke.load, thinkSeconds: { min: 1, max: 2 } } };
    const made = makePlan(config, bundledSystem);
    const [kill] = made.faults.filter(isKill);
    const [freeze] = made.faults.filter((fault) => !isKill(fault));
    assert.ok(kill && freeze);
    // Overlapping: 5 s before the first one to the end of the second, 17 s.
    const faults = [
      { ...kill, atSeconds: 20, durationSeconds: 0 },
      { ...kill, atSeconds: 22, durationSeconds: 0 },
      { ...freeze, atSeconds: 22, durationSeconds: 10 },
    ];
    const text = settingLines(config, { ...made, rampSeconds: 20, steadySeconds: 90, faults }).join('\n');
    // 30 users start 20 operations per second: 340 around the faults, 2,000 in all.
    for (const line of [
      /recovery_seconds: max<30 +if all 2 kills recover, the failure rate is at most 77\.6 % at 95 % confidence\n/,
      /lost_writes: count==0 +detects 0\.877 % or more of about 340 operations around faults, if each writes \(nothing if none does\)\n/,
      /wrong_answers: count==0 +detects 0\.15 % or more of about 2,000 operations\n/,
      /leaks: count==0 +detects 63\.2 % or more of 3 faults\n/,
      /unexpected_exits: count==0 +detects 108 per hour or more\n/,
      /forced_stops: count==0 +detects nothing: the plan has no graceful restarts\n/,
    ])
      assert.match(text, line);
  });
});
