import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { chordTypes, describeChord, nameChord } from '../chords/chord.ts';
import type { Key } from '../keys/key-name.ts';
import { spellPitchClass } from '../model/pitch.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { analyzeChords } from './chord-analysis.ts';
import { romanNumeral } from './roman-numeral.ts';

const cMajor: Key = { tonic: 0, mode: 'major' };
const aMinor: Key = { tonic: 3, mode: 'minor' };

function romans(chords: string, key: Key): (string | null)[] {
  const text = chords
    .split(' ')
    .map((pitches) => `${pitches}:1`)
    .join(' ');
  return analyzeChords(fixtureScore([text]), key).map(({ roman }) => roman);
}

describe('analyzeChords', () => {
  it('names triads and sevenths with their inversions', () => {
    const chords = analyzeChords(
      fixtureScore(['C4+E4+G4:1 E4+G4+C5:1 G3+B3+D4+F4:1 F3+G3+B3+D4:1 B3+D4+F4+Ab4:1 C4+E4+G#4:1']),
      cMajor,
    );
    assert.deepEqual(
      chords.map(({ symbol }) => symbol),
      ['C', 'C/E', 'G7', 'G7/F', 'Bdim7', 'Caug'],
    );
    assert.deepEqual(
      chords.map(({ inversion }) => inversion),
      [0, 1, 0, 3, 0, 0],
    );
    assert.deepEqual(
      chords.map(({ roman }) => roman),
      ['I', 'I6', 'V7', 'V42', 'vii°7', 'I+'],
    );
    assert.equal(chords[2]?.offset, '2');
  });

  it('slices at every onset and includes sustained notes', () => {
    const chords = analyzeChords(fixtureScore(['E5:1 D5:1 C5:2', 'C4+G4:4']), cMajor);
    assert.deepEqual(
      chords.map(({ pitches }) => pitches.join(' ')),
      ['C4 G4 E5', 'C4 G4 D5', 'C4 G4 C5'],
    );
    assert.deepEqual(
      chords.map(({ symbol, duration }) => [symbol, duration]),
      [
        ['C', '1'],
        ['Csus2', '1'],
        [null, '2'],
      ],
    );
  });

  it('names the diatonic chords of major and minor', () => {
    assert.deepEqual(romans('C4+E4+G4 D4+F4+A4 E4+G4+B4 F4+A4+C5 G4+B4+D5 A4+C5+E5 B4+D5+F5', cMajor), [
      'I',
      'ii',
      'iii',
      'IV',
      'V',
      'vi',
      'vii°',
    ]);
    assert.deepEqual(romans('A4+C5+E5 B4+D5+F5 C4+E4+G4 D4+F4+A4 E4+G#4+B4 F4+A4+C5 G4+B4+D5 G#4+B4+D5', aMinor), [
      'i',
      'ii°',
      'III',
      'iv',
      'V',
      'VI',
      'VII',
      'vii°',
    ]);
  });

  // Textbook examples: Kostka and Payne, Tonal Harmony, chapters on secondary functions and
  // chromaticism.
  it('names secondary dominants, borrowed chords, the Neapolitan and augmented sixths', () => {
    assert.deepEqual(romans('D4+F#4+A4+C5 A3+C#4+E4 E4+G#4+B4+D5 C4+E4+G4+Bb4 F#4+A4+C5 C#4+E4+G4+Bb4', cMajor), [
      'V7/V',
      'V/ii',
      'V7/vi',
      'V7/IV',
      'vii°/V',
      'vii°7/ii',
    ]);
    assert.deepEqual(romans('F4+Ab4+C5 Ab3+C4+Eb4 Db4+F4+Ab4 F4+Ab4+Db5', cMajor), ['iv', 'bVI', 'bII', 'bII6']);
    assert.deepEqual(romans('Ab3+C4+F#4 Ab3+C4+D4+F#4 Ab3+C4+Eb4+F#4', cMajor), ['It6', 'Fr43', 'Ger65']);
    assert.deepEqual(romans('Ab3+C4+Eb4+Gb4', cMajor), ['bVI7']);
  });

  it('reads the opening of Bach, BWV 846: I ii42 V65 I', () => {
    // The first four measures of the C major prelude, each an arpeggio of one chord.
    assert.deepEqual(romans('C4+E4+G4+C5+E5 C4+D4+A4+D5+F5 B3+D4+G4+D5+F5 C4+E4+G4+C5+E5', cMajor), [
      'I',
      'ii42',
      'V65',
      'I',
    ]);
  });

  it('uses pitch classes if the spelling matches no chord', () => {
    assert.equal(nameChord([0, -8, 1], 0)?.symbol, 'C');
  });

  it('names a chord independently of note order and transposition', () => {
    const type = fc.constantFrom(...chordTypes.filter(({ tones }) => tones.length >= 3 && tones.length <= 4));
    fc.assert(
      fc.property(type, fc.integer({ min: -8, max: 8 }), fc.nat(), (chord, root, seed) => {
        const tones = chord.tones.map((tone) => tone + root);
        const bass = tones[seed % tones.length] ?? 0;
        const named = nameChord(tones.toReversed(), bass);
        const reference = nameChord(chord.tones, bass - root);
        assert.equal(named?.type, reference?.type);
        assert.equal((named?.root ?? 0) - root, reference?.root);
      }),
    );
  });

  it('keeps the numeral if chord and key are transposed together', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...chordTypes),
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: -6, max: 6 }),
        fc.constantFrom('major', 'minor'),
        (type, root, shift, mode) => {
          const numeral = (by: number) =>
            romanNumeral(describeChord(spellPitchClass(root, -5) + by, type, spellPitchClass(root, -5) + by), {
              tonic: by,
              mode,
            }).text;
          assert.equal(numeral(0), numeral(shift));
        },
      ),
    );
  });
});
