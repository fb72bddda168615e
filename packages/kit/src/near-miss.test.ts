import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { didYouMean, nearestWord } from './near-miss.ts';

describe('near miss', () => {
  it('finds the intended word despite one extra, missing, wrong or swapped letter', () => {
    const profiles = ['smoke', 'quick', 'moderate', 'full'];
    for (const typed of ['smok', 'smokee', 'smole', 'somke', 'SMOKE'])
      assert.equal(nearestWord(typed, profiles), 'smoke');
    assert.equal(nearestWord('modreate', profiles), 'moderate');
  });

  it('picks the nearest of several and ignores dashes and case', () => {
    assert.equal(nearestWord('--user', ['--unit', '--users', '--user-id']), '--users');
    assert.equal(nearestWord('killinterval', ['killIntervalMinutes', '--kill-interval']), '--kill-interval');
  });

  it('suggests nothing when no word is near', () => {
    for (const typed of ['frobnicate', 'x', '', 'fast'])
      assert.equal(nearestWord(typed, ['run', 'smoke', 'full']), undefined);
    assert.equal(didYouMean('frobnicate', ['run']), '');
    assert.equal(didYouMean('ru', ['run']), ' Did you mean run?');
  });
});
