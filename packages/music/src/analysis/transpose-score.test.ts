import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { exportScore } from '../formats/export-score.ts';
import { analyzeKey, findKeys } from '../keys/key-finder.ts';
import { nameOfKey, respellKey } from '../keys/key-name.ts';
import { nameOfPitch } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { read } from '../testing/read-fixture.ts';
import { differenceOfScores } from '../testing/score-difference.ts';
import { parseInterval, transposeScore } from './transpose-score.ts';

const names = ({ notes }: Score) => [...notes.midi].map((midi, row) => nameOfPitch(notes.fifths[row] ?? 0, midi));

describe('transposeScore', () => {
  it('parses intervals', () => {
    assert.deepEqual(
      ['P1', 'm2', 'M3', 'A4', 'd5', 'P8', 'M9', '-m3', '-P5'].map((text) => parseInterval(text).chromatic),
      [0, 1, 4, 6, 6, 12, 14, -3, -7],
    );
    for (const wrong of ['P3', 'M5', 'X2', 'm', '', 'M0', 'M99'])
      assert.throws(() => parseInterval(wrong), { code: 'INVALID_INTERVAL' });
  });

  it('keeps the spelling: C E G# becomes Eb G B', () => {
    const moved = transposeScore(fixtureScore(['C4:1 E4:1 G#4:2'], { fifths: 0 }), parseInterval('m3'));
    assert.deepEqual(names(moved), ['Eb4', 'G4', 'B4']);
    assert.equal(moved.parts[0]?.keys[0]?.fifths, -3);
  });

  it('respells a key of more than seven accidentals', () => {
    const moved = transposeScore(fixtureScore(['B4:1 D#5:1 F#5:2'], { fifths: 5 }), parseInterval('M3'));
    assert.deepEqual([names(moved), moved.parts[0]?.keys[0]?.fifths], [['Eb5', 'G5', 'Bb5'], -3]);
  });

  const pitch = fc.constantFrom('C4', 'D4', 'E4', 'F#4', 'G4', 'A4', 'Bb4', 'B4', 'Cb5', 'C5');
  const tune = fc.array(fc.tuple(pitch, fc.integer({ min: 1, max: 8 })), { minLength: 4, maxLength: 24 });
  const interval = fc.constantFrom('m2', 'M2', 'm3', 'M3', 'P4', 'P5', 'M6', '-m2', '-M2', '-m3', '-P4', '-P5', 'P8');

  it('transposes the key with the piece', () => {
    const piece = fc.constantFrom(
      ['C4:1 E4:1 G4:1 B4:1 C5:2 G4:1 C4:2', 0],
      ['A4:1 C5:1 E5:1 G#4:1 A4:3', 0],
      ['F4:1 A4:1 Bb4:1 C5:1 E4:1 F4:3', -1],
    ) as fc.Arbitrary<[string, number]>;
    fc.assert(
      fc.property(piece, interval, ([text, fifths], by) => {
        const score = fixtureScore([text], { fifths });
        const found = findKeys(score, 'vote');
        assert.ok(typeof found !== 'string');
        const moved = transposeScore(score, parseInterval(by));
        const { diatonic, chromatic } = parseInterval(by);
        const key = found[0]?.key ?? { tonic: 0, mode: 'major' };
        const expected = respellKey(
          { ...key, tonic: key.tonic + 7 * chromatic - 12 * diatonic },
          moved.parts[0]?.keys[0]?.fifths ?? 0,
        );
        assert.equal(analyzeKey(moved, 'vote').key, nameOfKey(expected));
      }),
    );
  });

  it('restores the score by the opposite interval, and exports the result', async () => {
    await fc.assert(
      fc.asyncProperty(tune, interval, async (notes, by) => {
        const score = fixtureScore([notes.map(([name, length]) => `${name}:${length}/2`).join(' ')], { fifths: 0 });
        const moved = transposeScore(score, parseInterval(by));
        const back = transposeScore(moved, parseInterval(by.startsWith('-') ? by.slice(1) : `-${by}`));
        assert.deepEqual([...back.notes.midi], [...score.notes.midi]);
        const again = await read(Buffer.concat(await Array.fromAsync(exportScore(moved, 'musicxml'))));
        assert.equal(differenceOfScores(moved, again), null);
      }),
      { numRuns: 40 },
    );
  });

  it('does not change the original', () => {
    const score = fixtureScore(['C4:4'], { fifths: 0 });
    transposeScore(score, parseInterval('M2'));
    assert.deepEqual([names(score), score.parts[0]?.keys[0]?.fifths], [['C4'], 0]);
  });
});
