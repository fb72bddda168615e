import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { Progress } from './progress.ts';
import { RunView, type Snapshot } from './run-view.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const view = new RunView('r1', config, makePlan(config), 0);
const second = (number: number): Snapshot => view.snapshot(number * 1_000);
const undone = (at: number, faultId: string): EncoreEvent => ({
  type: 'fault_undone',
  at,
  faultId,
  verified: true,
  cause: 'released',
  evidence: '',
});

class Page {
  text = '';
  readonly isTTY?: boolean;

  write(part: string): void {
    this.text += part;
  }

  /** Which of the words, in the order in which they were written. */
  order(...words: string[]): string[] {
    const at = (word: string): number => this.text.indexOf(word);
    return words.filter((word) => at(word) >= 0).sort((a, b) => at(a) - at(b));
  }
}

describe('plain lines of a run', () => {
  it('stand in the order of their times, whoever told first', () => {
    const page = new Page();
    const progress = new Progress(page, true);
    progress.event(undone(5_900, 'f0002'));
    progress.event(undone(5_100, 'f0001'));
    progress.tick(second(6));
    progress.event(undone(5_950, 'f0003'));
    progress.tick(second(7));
    progress.tick(second(8));
    assert.deepEqual(page.order('f0003', 'f0002', 'f0001', 'preflight'), ['f0001', 'f0002', 'f0003', 'preflight']);
    const times = page.text.match(/^\d\d:\d\d:\d\d/gm) ?? [];
    assert.equal(times.length, 4);
    assert.deepEqual(times, times.toSorted());
  });

  it('wait a second and no longer', () => {
    const page = new Page();
    const progress = new Progress(page, true);
    progress.tick(second(1));
    progress.event(undone(5_100, 'f0001'));
    progress.tick(second(6));
    assert.doesNotMatch(page.text, /f0001/);
    progress.tick(second(7));
    assert.match(page.text, /f0001/);
  });

  it('come before what is said at the end', () => {
    const page = new Page();
    const progress = new Progress(page, true);
    progress.event(undone(5_100, 'f0001'));
    progress.say('PASSED');
    assert.deepEqual(page.order('PASSED', 'f0001'), ['f0001', 'PASSED']);
  });

  it('are told when the screen that hid them is gone', async () => {
    const page = new Page();
    const progress = new Progress(page, true);
    progress.open({ show: () => undefined, close: () => Promise.resolve() });
    progress.event(undone(5_100, 'f0001'));
    progress.tick(second(7));
    progress.event(undone(7_200, 'f0002'));
    assert.equal(page.text, '');
    await progress.closeScreen();
    progress.say('PASSED');
    assert.deepEqual(page.order('PASSED', 'f0002', 'f0001'), ['f0001', 'f0002', 'PASSED']);
  });
});
