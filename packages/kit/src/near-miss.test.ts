import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { didYouMean, nearestWord } from './near-miss.ts';

describe('near miss', () => {
  it('finds the word that was meant through one letter too many, too few, wrong or swapped', () => {
    const profiles = ['smoke', 'quick', 'moderate', 'full'];
    for (const typed of ['smok', 'smokee', 'smole', 'somke', 'SMOKE'])
      assert.equal(nearestWord(typed, profiles), 'smoke');
    assert.equal(nearestWord('modreate', profiles), 'moderate');
  });

  it('takes the nearest of several, and passes over dashes and case', () => {
    assert.equal(nearestWord('--user', ['--unit', '--users', '--user-id']), '--users');
    assert.equal(nearestWord('killinterval', ['killIntervalMinutes', '--kill-interval']), '--kill-interval');
  });

  it('is silent where nothing is near', () => {
    for (const typed of ['frobnicate', 'x', '', 'fast'])
      assert.equal(nearestWord(typed, ['run', 'smoke', 'full']), undefined);
    assert.equal(didYouMean('frobnicate', ['run']), '');
    assert.equal(didYouMean('ru', ['run']), ' Did you mean run?');
  });
});
