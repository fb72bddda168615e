import assert from 'node:assert/strict';
import type { RunConfig } from '@encore/contracts';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { openingLines } from './opening-lines.ts';

const smoke: RunConfig = { ...profiles.smoke, profile: 'smoke', seed: 7 };
const linesOf = (settings: Partial<RunConfig>): string[] => {
  const config = { ...smoke, ...settings };
  return openingLines('r1', config, makePlan(config));
};

describe('the first lines of a run', () => {
  it('say what will be done, with no word too many', () => {
    const [first, second, ...rest] = linesOf({});
    assert.equal(first, 'Encore run r1: smoke, 0.05 h, 20 users, a kill every 0.75 min');
    assert.match(second ?? '', /^Seed 7, plan [0-9a-f]{12}: 11 faults, at best \d{2,3}\.\d % of operations right$/);
    assert.deepEqual(rest, []);
    assert.match(linesOf({ users: 1 })[0] ?? '', / 1 user,/);
  });

  it('name a control, what it does and how it must end', () => {
    const dead = linesOf({ control: 'server-down' });
    assert.equal(dead[0], 'Encore run r1: smoke, 0.05 h, 20 users, a server that is down all the time');
    assert.match(dead[1] ?? '', /^This is a control run server-down: .* must end FAILED\.$/);
    assert.match(dead[2] ?? '', /: 1 fault, /);
    const idle = linesOf({ control: 'no-bite' });
    assert.match(idle[0] ?? '', /a kill every 0\.75 min, none of which does anything$/);
    assert.match(idle[1] ?? '', /^This is a control run no-bite: .* must end INCONCLUSIVE\.$/);
  });

  it('promise no kill where none has room, and warn of it', () => {
    const lines = linesOf({ killIntervalMinutes: 60 });
    assert.match(lines[0] ?? '', /, no kill$/);
    assert.match(lines[1] ?? '', /^Warning: no kill is planned: with --kill-interval 60 /);
  });
});
