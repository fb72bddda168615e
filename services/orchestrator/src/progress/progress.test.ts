import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { eventLine } from './event-line.ts';
import { Progress } from './progress.ts';
import { RunView, type Snapshot } from './run-view.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const view = new RunView('r1', config, makePlan(config, bundledSystem), 0);
const second = (number: number): Snapshot => view.snapshot(number * 1_000);
const reverted = (at: number, faultId: string): EncoreEvent => ({
  type: 'fault_reverted',
  at,
  faultId,
  verified: true,
  cause: 'released',
  evidence: '',
});

class Page {
  text = '';

  write(part: string): void {
    this.text += part;
  }

  /** The given texts that were written, in order. */
  order(...texts: string[]): string[] {
    const at = (word: string): number => this.text.indexOf(word);
    return texts.filter((text) => at(text) >= 0).sort((a, b) => at(a) - at(b));
  }
}

describe('plain lines of a run', () => {
  it('are ordered by time, not by arrival', () => {
    const page = new Page();
    const progress = new Progress(page, 'server');
    progress.onEvent(reverted(5_900, 'f0002'));
    progress.onEvent(reverted(5_100, 'f0001'));
    progress.tick(second(6));
    progress.onEvent(reverted(5_950, 'f0003'));
    progress.tick(second(7));
    progress.tick(second(8));
    assert.deepEqual(page.order('f0003', 'f0002', 'f0001', 'preflight'), ['f0001', 'f0002', 'f0003', 'preflight']);
    const times = page.text.match(/^\d\d:\d\d:\d\d/gm) ?? [];
    assert.equal(times.length, 4);
    assert.deepEqual(times, times.toSorted());
  });

  it('name the cause of a revert only if it is not the end of the fault', () => {
    const lines = (['released', 'lease_ended'] as const).map((cause) =>
      eventLine({ ...reverted(0, 'f0001'), cause } as EncoreEvent, 'server'),
    );
    assert.deepEqual(lines, ['f0001 reverted', 'f0001 reverted because the run lease ended']);
  });

  it('wait at most one second', () => {
    const page = new Page();
    const progress = new Progress(page, 'server');
    progress.tick(second(1));
    progress.onEvent(reverted(5_100, 'f0001'));
    progress.tick(second(6));
    assert.doesNotMatch(page.text, /f0001/);
    progress.tick(second(7));
    assert.match(page.text, /f0001/);
  });

  it('precede the final text', () => {
    const page = new Page();
    const progress = new Progress(page, 'server');
    progress.onEvent(reverted(5_100, 'f0001'));
    progress.print('PASSED');
    assert.deepEqual(page.order('PASSED', 'f0001'), ['f0001', 'PASSED']);
  });

  it('are printed when the screen that hid them closes', async () => {
    const page = new Page();
    const progress = new Progress(page, 'server');
    progress.open({ show: () => undefined, close: () => Promise.resolve() });
    progress.onEvent(reverted(5_100, 'f0001'));
    progress.tick(second(7));
    progress.onEvent(reverted(7_200, 'f0002'));
    assert.equal(page.text, '');
    await progress.closeScreen();
    progress.print('PASSED');
    assert.deepEqual(page.order('PASSED', 'f0002', 'f0001'), ['f0001', 'f0002', 'PASSED']);
  });
});
