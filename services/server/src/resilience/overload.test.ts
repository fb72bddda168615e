import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Overload } from './overload.ts';

function create() {
  const state = { now: 0 };
  const overload = new Overload({ now: () => state.now, sleep: async () => {} });
  /** For a second, of each hundred that ask so many are refused. */
  const second = (refused: number): boolean => {
    for (let i = 0; i < 100; i += 1, state.now += 10) overload.count(i < refused);
    return overload.on;
  };
  return { overload, state, second };
}

describe('Overload', () => {
  it('begins with the first refusal', () => {
    const { overload } = create();
    overload.count(false);
    assert.equal(overload.on, false);
    overload.count(true);
    assert.equal(overload.on, true);
  });

  it('lasts while many are refused, and is over after a second in which few were', () => {
    const { second } = create();
    assert.deepEqual([90, 90, 40, 30, 0].map(second), [true, true, true, false, false]);
  });

  it('is over when nobody asks any more', () => {
    const { overload, state, second } = create();
    second(90);
    state.now += 1_000;
    second(0);
    assert.equal(overload.on, false);
  });
});
