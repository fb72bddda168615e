import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { exportScore } from '../formats/export-score.ts';
import { defaultScoreLimits } from '../model/score-limits.ts';
import { fixtureScore } from './fixture-score.ts';
import { readJson } from './json-reader.ts';
import { differenceOfScores } from './score-difference.ts';

describe('readJson', () => {
  it('reads the output of writeJson without a difference', async () => {
    const score = fixtureScore(['C4+E4:1 r:1/2 F#4:1/3 Bb4:1/6~ Bb4:2 | r:4', 'r:2 G3:2 | C3:4'], { fifths: -3 });
    const json = Buffer.concat(await Array.fromAsync(exportScore(score, 'json')));
    assert.equal(differenceOfScores(score, readJson(String(json), defaultScoreLimits)), null);
  });

  it('refuses other JSON', () => {
    for (const text of ['', '{}', '{"format":"encore-score","version":2}', '[1']) {
      assert.throws(() => readJson(text, defaultScoreLimits), { code: 'MALFORMED_SCORE' });
    }
  });
});
