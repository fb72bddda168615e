import assert from 'node:assert/strict';
import { Random } from '@encore/kit';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { nameOfPitch, spellPitchClass } from '../model/pitch.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { findPatterns } from './pattern-recognition.ts';

const name = (midi: number) => nameOfPitch(spellPitchClass(midi % 12, -5), midi);
const line = (midis: readonly number[]) => midis.map((midi) => `${name(midi)}:1/4`).join(' ');

/**
 * "Frère Jacques": each of the four figures is repeated, and the third starts like the first, a
 * third higher.
 */
const jacques =
  'C4:1 D4:1 E4:1 C4:1 | C4:1 D4:1 E4:1 C4:1 | E4:1 F4:1 G4:2 | E4:1 F4:1 G4:2 | G4:1/2 A4:1/2 G4:1/2 F4:1/2 E4:1 C4:1 | G4:1/2 A4:1/2 G4:1/2 F4:1/2 E4:1 C4:1 | C4:1 G3:1 C4:2 | C4:1 G3:1 C4:2';

describe('findPatterns', () => {
  it('finds the figures of Frère Jacques', () => {
    const patterns = findPatterns(fixtureScore([jacques], { fifths: 0 }), ['repeated'], 4);
    const shapes = patterns.map(({ shape, count }) => `${shape.join(' ')} x${count}`);
    assert.ok(shapes.includes('C4 D4 E4 C4 x2'), shapes.join('; '));
    const figure = patterns.find(({ shape }) => shape.join(' ') === 'G4 A4 G4 F4 E4 C4');
    assert.deepEqual(figure?.occurrences, [
      { measure: 5, offset: '0', part: 'P1', voice: 1, form: 'original', pitch: 'G4' },
      { measure: 6, offset: '0', part: 'P1', voice: 1, form: 'original', pitch: 'G4' },
    ]);
    const [rhythm] = findPatterns(fixtureScore([jacques]), ['rhythmic'], 3).filter(({ length }) => length === 6);
    assert.deepEqual(rhythm?.shape, ['1/2', '1/2', '1/2', '1/2', '1', '1']);
  });

  // The opening of Bach's Invention in C, BWV 772: the left hand answers an octave lower after two
  // beats, and measure 3 inverts the subject.
  it('finds the transposed and inverted subject of an invention', () => {
    const right =
      'r:1/4 C4:1/4 D4:1/4 E4:1/4 F4:1/4 D4:1/4 E4:1/4 C4:1/4 G4:1/2 C5:1/2 B4:1/2 C5:1/2 | D5:1/4 G4:1/4 A4:1/4 B4:1/4 C5:1/4 A4:1/4 B4:1/4 G4:1/4 D5:1/2 G5:1/2 F5:1/2 G5:1/2 | E5:1/4 A5:1/4 G5:1/4 F5:1/4 E5:1/4 G5:1/4 F5:1/4 A5:1/4 G5:2';
    const left =
      'r:2 r:1/4 C3:1/4 D3:1/4 E3:1/4 F3:1/4 D3:1/4 E3:1/4 C3:1/4 | G3:1/2 G2:1/2 r:1 r:1/4 G3:1/4 A3:1/4 B3:1/4 C4:1/4 A3:1/4 B3:1/4 G3:1/4 | C4:4';
    const patterns = findPatterns(fixtureScore([right, left], { fifths: 0 }), ['transposed'], 7);
    const subject = patterns.find(({ shape }) => shape.join(' ').startsWith('C4 D4 E4 F4 D4 E4 C4'));
    assert.deepEqual(
      subject?.occurrences.map(({ measure, part, pitch }) => [measure, part, pitch]),
      [
        [1, 'P1', 'C4'],
        [2, 'P1', 'G4'],
        [1, 'P2', 'C3'],
        [2, 'P2', 'G3'],
      ],
    );
  });

  const motif = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 7, maxLength: 12 });
  const noise = (random: Random, length: number) => Array.from({ length }, () => 40 + random.integer(0, 40));

  for (const [kind, transform] of [
    ['repeated', (midis: number[]) => midis],
    ['transposed', (midis: number[]) => midis.map((midi) => midi + 5)],
    ['inverted', (midis: number[]) => midis.map((midi) => 120 - midi)],
    ['retrograde', (midis: number[]) => midis.toReversed().map((midi) => midi + 2)],
  ] as const) {
    it(`finds an inserted ${kind} pattern`, () => {
      fc.assert(
        fc.property(motif, fc.nat(), (steps, seed) => {
          const random = new Random(seed);
          // Rising steps of different sizes equal neither their inversion nor their retrograde.
          const planted = [60];
          for (const [i, step] of steps.entries()) planted.push((planted.at(-1) ?? 0) + (i % 3 === 2 ? -step : step));
          const before = noise(random, 20);
          const score = fixtureScore([
            line([...before, ...planted, ...noise(random, 10), ...transform(planted), ...noise(random, 20)]),
          ]);
          const found = findPatterns(score, [kind], planted.length).some(({ occurrences, length }) => {
            const at = occurrences.map(({ offset }) => Math.round(4 * eval4(offset)));
            const [first, second] = [before.length, before.length + planted.length + 10];
            return (
              length >= planted.length &&
              at.some((start) => start <= first) &&
              at.some((start) => start <= second && start > second - 4)
            );
          });
          const palindrome = steps.every((step, i) => step === steps[steps.length - 1 - i]);
          assert.ok(found || palindrome);
        }),
        { numRuns: 30 },
      );
    });
  }

  it('does not report a repeated note as a pattern', () => {
    assert.deepEqual(
      findPatterns(fixtureScore([line(new Array<number>(50).fill(60))]), ['repeated', 'transposed', 'rhythmic'], 3),
      [],
    );
  });

  // The time limit is generous for O(n log n) and far too short for a quadratic algorithm.
  it('analyzes 20,000 notes of the worst kinds in time', () => {
    const random = new Random('patterns');
    for (const midis of [noise(random, 20_000), Array.from({ length: 20_000 }, (_, i) => 60 + (i % 2))]) {
      const score = fixtureScore([line(midis)]);
      const patterns = findPatterns(score, ['repeated', 'transposed', 'inverted', 'retrograde', 'rhythmic'], 5);
      assert.ok(patterns.length <= 2500);
    }
  }).timeout(30_000);
});

function eval4(ratio: string): number {
  const [above = '0', below = '1'] = ratio.split('/');
  return Number(above) / Number(below);
}
