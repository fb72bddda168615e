import assert from 'node:assert/strict';
import type { KeyWindow } from '@encore/contracts';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseKey } from '../keys/key-name.ts';
import { profileNames } from '../keys/key-profiles.ts';
import { measureHistograms, pitchHistogram } from '../keys/pitch-histogram.ts';
import { modulo, pitchClassOfFifths } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { minuet } from '../testing/fixture-minuet.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { keyWindowsOf } from './key-windows.ts';

const all = { after: 0, limit: 500 };

/** The key as semitones above C and mode; null if there is no key. */
function pitchOf({ key }: KeyWindow): string | null {
  const named = key === null ? null : parseKey(key);
  return named && `${pitchClassOfFifths(named.tonic)} ${named.mode}`;
}

function shifted(score: Score, semitones: number): Score {
  return { ...score, notes: { ...score.notes, midi: score.notes.midi.map((midi) => midi + semitones) } };
}

describe('keyWindowsOf', () => {
  for (const profile of [...profileNames, 'vote'] as const) {
    it(`finds the modulation of the minuet and its return with ${profile}`, () => {
      const { windows } = keyWindowsOf(minuet(), profile, { window: 8, hop: 8 }, all);
      assert.deepEqual(
        windows.map(({ from_measure, to_measure, key }) => `${from_measure}-${to_measure} ${key}`),
        ['1-8 G major', '9-16 G major', '17-24 D major', '25-32 G major'],
      );
      assert.ok(windows.every(({ margin }) => (margin ?? 0) > 0.01));
    });
  }

  it('returns windows in pages, up to the end of the piece', () => {
    const size = { window: 6, hop: 4 };
    const whole = keyWindowsOf(minuet(), 'vote', size, all);
    assert.deepEqual(
      whole.windows.map(({ from_measure, to_measure }) => [from_measure, to_measure]),
      [1, 5, 9, 13, 17, 21, 25, 29].map((from) => [from, Math.min(from + 5, 32)]),
    );
    const pages: KeyWindow[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page = keyWindowsOf(minuet(), 'vote', size, { after, limit: 3 });
      assert.equal(page.total, 8);
      pages.push(...page.windows);
      after = page.next;
    }
    assert.deepEqual(pages, whole.windows);
    assert.equal(keyWindowsOf(minuet(), 'vote', { window: 1_000, hop: 1 }, all).total, 1);
  });

  it('returns the reason if a window has no key', () => {
    const chromatic = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'].map((name) => `${name}4:1/3`);
    const score = fixtureScore([`C4+E4+G4:4 | r:4 | ${chromatic.join(' ')} | C4+E4+G#4:4`]);
    const { windows } = keyWindowsOf(score, 'vote', { window: 1, hop: 1 }, all);
    assert.deepEqual(
      windows.map(({ key, margin, reason }) => [key, margin === null, reason]),
      [
        ['C major', false, undefined],
        [null, true, 'no pitched note has a duration'],
        [null, true, 'all twelve pitch classes sound equally long'],
        [null, true, 'several keys fit equally well'],
      ],
    );
  });

  it('counts a note in each measure in which it sounds', () => {
    const score = fixtureScore(['C4:2 E4:2 | r:4 | G4:4 | D4:4']);
    // E from the middle of the first measure to the middle of the third, as in a MIDI file.
    score.notes.duration[1] = 8 * score.ticksPerQuarter;
    const [quarters, ticks] = [pitchHistogram(score), measureHistograms(score)];
    const e = ticks.map((weights) => (weights[4] ?? 0) / score.ticksPerQuarter);
    assert.deepEqual(e, [2, 4, 2, 0]);
    assert.equal(quarters.weights[4], 8);
  });

  it('transposes each window with the piece', () => {
    const name = fc.constantFrom('C', 'D', 'E', 'F', 'G', 'A', 'B', 'Bb', 'F#', 'Eb', 'Ab', 'C#');
    const token = fc.tuple(name, fc.integer({ min: 1, max: 4 })).map(([step, length]) => `${step}4:${length}/2`);
    const measure = fc.array(token, { maxLength: 6 }).map((tokens) => tokens.join(' ') || 'r:4');
    const piece = fc.array(measure, { minLength: 1, maxLength: 12 });
    const size = fc.record({ window: fc.integer({ min: 1, max: 5 }), hop: fc.integer({ min: 1, max: 4 }) });
    const profiles = fc.constantFrom(...profileNames, 'vote' as const);
    let defined = 0;
    fc.assert(
      fc.property(piece, size, profiles, fc.integer({ min: -11, max: 11 }), (measures, windows, profile, semitones) => {
        const score = fixtureScore([measures.join(' | ')]);
        const before = keyWindowsOf(score, profile, windows, all).windows.map(pitchOf);
        const after = keyWindowsOf(shifted(score, semitones), profile, windows, all).windows.map(pitchOf);
        const expected = before.map((key) => key?.replace(/\d+/, (pitch) => String(modulo(+pitch + semitones, 12))));
        assert.deepEqual(
          after.map((key) => key ?? undefined),
          expected,
        );
        defined += before.filter((key) => key !== null).length;
      }),
      { numRuns: 100 },
    );
    assert.ok(defined > 100, 'most windows have a key');
  });
});
