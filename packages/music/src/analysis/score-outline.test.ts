import assert from 'node:assert/strict';
import { scoreOutlineSchema } from '@encore/contracts';
import { describe, it } from 'mocha';
import { fixtureScore } from '../testing/fixture-score.ts';
import { outlineScore } from './score-outline.ts';

describe('outlineScore', () => {
  it('reports length, pickup, ranges and signatures', () => {
    const outline = outlineScore(
      fixtureScore(['G4:1 | C5:2 Bb4:1 | C4:3', 'r:1 | C3:3 | F#2:3'], { fifths: 0, time: [3, 4] }),
    );
    assert.deepEqual(scoreOutlineSchema.parse(outline), outline);
    assert.deepEqual([outline.measures, outline.pickup, outline.quarters, outline.seconds], [3, '1', '7', 3.5]);
    assert.deepEqual(
      outline.parts.map(({ lowest, highest }) => [lowest, highest]),
      [
        ['C4', 'C5'],
        ['F#2', 'C3'],
      ],
    );
    assert.deepEqual(outline.time_signatures, [{ measure: 1, offset: '0', signature: '3/4' }]);
  });

  it('computes the duration from all tempo changes', () => {
    const score = fixtureScore(['C4:4 | C4:4']);
    const tempos = [
      { tick: 0, quartersPerMinute: 60 },
      { tick: 4 * score.ticksPerQuarter, quartersPerMinute: 240 },
    ];
    assert.equal(outlineScore({ ...score, tempos }).seconds, 5);
  });

  it('uses the signatures of the first part that has any, and includes warnings', () => {
    const score = fixtureScore(['C4:3 | D4:3', 'C3:3 | D3:3'], { fifths: 2, time: [3, 4] });
    Object.assign(score.parts[0] ?? {}, { keys: [], times: [] });
    const outline = outlineScore({ ...score, warnings: ['odd'] });
    assert.deepEqual(outline.time_signatures, [{ measure: 1, offset: '0', signature: '3/4' }]);
    assert.deepEqual(outline.key_signatures, [{ measure: 1, offset: '0', fifths: 2 }]);
    assert.deepEqual(outline.warnings, ['odd']);
  });

  it('counts written and played measures', () => {
    const score = fixtureScore(['C4:4 | D4:4 | E4:4']);
    Object.assign(score.measures[1] ?? {}, { repeatTimes: 2 });
    const { measures, measures_played: played, quarters } = outlineScore(score);
    assert.deepEqual([measures, played, quarters], [3, 5, '12']);
  });

  it('has no pitch range without notes', () => {
    assert.equal(outlineScore(fixtureScore(['r:4'])).parts[0]?.lowest, null);
  });
});
