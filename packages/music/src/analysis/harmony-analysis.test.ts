import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { exportScore } from '../formats/export-score.ts';
import type { Score } from '../model/score.ts';
import { minuet } from '../testing/fixture-minuet.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { read } from '../testing/read-fixture.ts';
import { analyzeHarmony } from './harmony-analysis.ts';

/**
 * "Old Hundredth" (Louis Bourgeois, 1551) in G major, in four voices with the usual hymnal chords.
 * The phrases end, in this order, with authentic, half and authentic cadences.
 */
const hymn = [
  'G4:1 | G4:1 F#4:1 E4:1 D4:1 | G4:1 A4:1 B4:2 | B4:1 B4:1 B4:1 A4:1 | G4:1 C5:1 B4:1 A4:2 r:1 | G4:1 A4:1 B4:1 A4:1 | G4:1 E4:1 F#4:1 G4:4',
  'D4:1 | D4:1 D4:1 B3:1 B3:1 | D4:1 F#4:1 G4:2 | G4:1 G4:1 G4:1 F#4:1 | E4:1 G4:1 G4:1 F#4:2 r:1 | E4:1 D4:1 D4:1 F#4:1 | E4:1 C4:1 D4:1 D4:4',
  'B3:1 | B3:1 A3:1 G3:1 F#3:1 | G3:1 D4:1 D4:2 | D4:1 D4:1 D4:1 D4:1 | B3:1 E4:1 D4:1 D4:2 r:1 | B3:1 F#3:1 G3:1 D4:1 | B3:1 G3:1 A3:1 B3:4',
  'G3:1 | G3:1 D3:1 E3:1 B2:1 | B2:1 D3:1 G2:2 | G3:1 G3:1 G3:1 D3:1 | E3:1 C3:1 G3:1 D3:2 r:1 | E3:1 D3:1 G2:1 D3:1 | E3:1 C3:1 D3:1 G2:4',
];

describe('analyzeHarmony', () => {
  it('finds key, functions and cadences of a hymn', () => {
    const analysis = analyzeHarmony(fixtureScore(hymn, { fifths: 1 }));
    assert.equal(analysis.home_key, 'G major');
    assert.equal(analysis.regions.length, 1);
    assert.deepEqual(
      analysis.harmonies.slice(0, 4).map(({ roman }) => roman),
      ['I', 'V', 'vi', 'iii'],
    );
    assert.deepEqual(analysis.cadences.at(-1), {
      measure: 7,
      offset: '3',
      kind: 'perfect authentic',
      key: 'G major',
      chords: ['V', 'I'],
    });
    const half = analysis.cadences.find(({ kind }) => kind === 'half');
    assert.deepEqual([half?.measure, half?.chords[1]], [5, 'V']);
  });

  it('finds exactly the four cadences of a minuet', () => {
    const { cadences } = analyzeHarmony(minuet());
    assert.deepEqual(
      cadences.map(({ measure, kind, key, chords }) => `${measure} ${kind} in ${key}: ${chords.join(' ')}`),
      [
        '8 half in G major: I V',
        '16 perfect authentic in G major: V I',
        '24 perfect authentic in D major: V I',
        '32 perfect authentic in G major: V I',
      ],
    );
  });

  it('reads a unison by its key and ignores a chord of passing notes', () => {
    // Two voices: the scale passes through ii on a weak beat, and the close is a bare octave.
    const { harmonies } = analyzeHarmony(
      phrase('E5:1 D5:1/2 C5:1/2 E5:1 G5:1 | D5:1 C5:1/2 D5:1/2 B4:2 | C5:4 / C4:1 C4:1 C4:1 C4:1 | G3:4 | C3:4'),
    );
    assert.deepEqual(
      harmonies.map(({ roman, duration }) => `${roman} ${duration}`),
      ['I 4', 'V 4', 'I 4'],
    );
  });

  const phrase = (chords: string) => fixtureScore(chords.split(' / '), { fifths: 0 });

  const minor = 'C3+G3+C4+Eb4:4';
  const major = 'C3+G3+C4+E4:4';
  const dominant = 'G2+D4+B3+G4:4';
  const throughMidi = async (score: Score) => read(Buffer.concat(await Array.fromAsync(exportScore(score, 'midi'))));
  const sixths: [expected: string, chord: string, home: string][] = [
    ['Ger65', 'Ab2+Eb4+C4+F#4', minor],
    ['Ger65', 'Ab2+Ab3+Eb4+C4+F#4', minor],
    ['Ger43', 'C3+Eb4+Ab4+F#4', minor],
    ['Ger7', 'F#2+Eb4+C4+Ab4', minor],
    ['It6', 'Ab2+C4+C4+F#4', minor],
    ['Fr43', 'Ab2+D4+C4+F#4', minor],
    ['Ger65', 'Ab2+Eb4+C4+F#4', major],
    ['Ger65', 'Ab2+D#4+C4+F#4', major],
    ['It6', 'Ab2+C4+F#4', major],
    ['Fr43', 'Ab2+D4+C4+F#4', major],
  ];
  for (const [expected, chord, home] of sixths) {
    it(`reads ${chord} before V of ${home === minor ? 'C minor' : 'C major'} as ${expected}, a predominant`, async () => {
      const fifths = home === minor ? -3 : 0;
      const written = fixtureScore([[home, `${chord}:4`, dominant, home].join(' | ')], { fifths });
      const tonic = home === minor ? 'i' : 'I';
      for (const score of [written, await throughMidi(written)]) {
        assert.deepEqual(
          analyzeHarmony(score).harmonies.map((one) => `${one.roman} ${one.function}`),
          [`${tonic} tonic`, `${expected} predominant`, 'V dominant', `${tonic} tonic`],
        );
      }
    });
  }

  it('distinguishes the Neapolitan from a borrowed mediant', () => {
    const readingOf = (chord: string) => {
      const [, harmony] = analyzeHarmony(phrase([major, chord, dominant, major].join(' | '))).harmonies;
      return [harmony?.roman, harmony?.function];
    };
    assert.deepEqual(readingOf('F3+Ab3+Db4:4'), ['bII6', 'predominant']);
    assert.deepEqual(readingOf('Eb3+G3+Bb3+Eb4:4'), ['bIII', 'other']);
  });

  it('does not read VI or an applied dominant as an augmented sixth', () => {
    const romanOf = (chord: string) =>
      analyzeHarmony(fixtureScore([[minor, chord, dominant, minor].join(' | ')], { fifths: -3 })).harmonies[1]?.roman;
    assert.equal(romanOf('Ab2+Eb4+C4+Ab4:4'), 'VI');
    assert.equal(romanOf('Ab2+Eb4+C4+G4:4'), 'VI7');
    assert.equal(romanOf('D3+A3+C4+F#4:4'), 'V7/V');
  });

  it('reads a major tonic in minor as a tonic, and with a seventh as an applied dominant', () => {
    const analysis = (...chords: string[]) => analyzeHarmony(fixtureScore([chords.join(' | ')], { fifths: -3 }));
    const picardy = analysis(minor, 'F3+Ab3+C4+F4:4', 'G2+D4+B3+F4:4', minor, 'F3+Ab3+C4+F4:4', dominant, major);
    assert.deepEqual(
      [picardy.home_key, picardy.harmonies.at(-1)?.roman, picardy.harmonies.at(-1)?.function],
      ['C minor', 'I', 'tonic'],
    );
    assert.equal(picardy.cadences.at(-1)?.chords.join(' '), 'V I');
    const applied = analysis(minor, 'C3+E3+Bb3+C4:4', 'F3+Ab3+C4+F4:4', dominant, minor);
    assert.equal(applied.harmonies[1]?.roman, 'V7/iv');
  });

  it('reads the dominant seventh of the subdominant after the tonic', () => {
    const bars = [major, 'C3+G3+Bb3+E4:4', 'F3+A3+C4+F4:4', dominant, major];
    const { harmonies } = analyzeHarmony(phrase(bars.join(' | ')));
    assert.deepEqual(
      harmonies.map(({ roman }) => roman),
      ['I', 'V7/IV', 'IV', 'V', 'I'],
    );
  });

  it('finds plagal and deceptive cadences', () => {
    const plagal = analyzeHarmony(
      phrase(
        'E4:1 F4:1 D4:1 E4:1 | F4:2 E4:2 / C4:1 C4:1 B3:1 C4:1 | C4:2 C4:2 / C3:1 F3:1 G3:1 C3:1 | F3:2 C3:2 / G3:1 A3:1 G3:1 G3:1 | A3:2 G3:2',
      ),
    );
    assert.equal(plagal.cadences.at(-1)?.kind, 'plagal');
    const deceptive = analyzeHarmony(
      phrase(
        'E4:1 F4:1 E4:1 D4:1 | C4:4 | E4:1 F4:1 E4:1 D4:1 | C4:4 / C4:1 C4:1 C4:1 B3:1 | C4:4 | C4:1 C4:1 C4:1 B3:1 | C4:4 / G3:1 A3:1 G3:1 G3:1 | E3:4 | G3:1 A3:1 G3:1 G3:1 | E3:4 / C3:1 F3:1 G3:1 G3:1 | A2:4 | C3:1 F3:1 G3:1 G3:1 | C3:4',
      ),
    );
    assert.deepEqual(
      deceptive.cadences.map(({ kind }) => kind),
      ['deceptive', 'perfect authentic'],
    );
  });

  it('finds a half cadence only on arrival at a dominant triad', () => {
    const kindsAfter = (soprano: string, alto: string, tenor: string, bass: string) =>
      analyzeHarmony(
        phrase(
          `E5:2 F5:2 | D5:2 E5:2 | ${soprano} / C5:2 C5:2 | B4:2 C5:2 | ${alto} / G4:2 A4:2 | G4:2 G4:2 | ${tenor} / C3:2 F3:2 | G3:2 C3:2 | ${bass}`,
        ),
      ).cadences.map(({ kind }) => kind);
    assert.deepEqual(kindsAfter('F5:2 D5:6', 'C5:2 B4:6', 'A4:2 G4:6', 'F3:2 G3:6'), ['half']);
    assert.deepEqual(kindsAfter('F5:2 F5:6', 'C5:2 B4:6', 'A4:2 D5:6', 'F3:2 G3:6'), []);
    assert.deepEqual(kindsAfter('D5:2 D5:6', 'B4:2 B4:6', 'G4:2 G4:6', 'B3:2 G3:6'), []);
  });

  it('distinguishes perfect from imperfect authentic cadences', () => {
    const closing = (soprano: string, bass: string) =>
      analyzeHarmony(
        phrase(
          `E4:1 F4:1 E4:1 D4:1 | ${soprano}:4 / C4:1 C4:1 C4:1 B3:1 | E3:4 / G3:1 A3:1 G3:1 G3:1 | G3:4 / ${bass}`,
        ),
      ).cadences.at(-1);
    assert.equal(closing('C4', 'C3:1 F3:1 G2:1 G2:1 | C3:4')?.kind, 'perfect authentic');
    assert.equal(closing('E4', 'C3:1 F3:1 G2:1 G2:1 | C3:4')?.kind, 'imperfect authentic');
    const inverted = closing('C4', 'C3:1 F3:1 G2:1 B2:1 | C3:4');
    assert.deepEqual([inverted?.kind, inverted?.chords], ['imperfect authentic', ['V6', 'I']]);
  });

  it('ignores passing notes and arpeggios', () => {
    const broken = analyzeHarmony(
      phrase(
        'C5:1/4 G4:1/4 E4:1/4 G4:1/4 C5:1/4 B4:1/4 C5:1/4 E5:1/4 D5:1/4 B4:1/4 G4:1/4 B4:1/4 D5:1/4 C5:1/4 B4:1/4 D5:1/4 | C5+E5:4 / C3:2 G3:2 | C3:4',
      ),
    );
    assert.deepEqual(
      broken.harmonies.map(({ roman }) => roman),
      ['I', 'V', 'I'],
    );
  });

  it('finds a modulation to the dominant and back', () => {
    const inC = 'C4+E4+G4:1 F4+A4+C5:1 G4+B4+D5+F5:1 C4+E4+G4:1';
    const inG = 'G3+B3+D4:1 D4+F#4+A4+C5:1 D4+F#4+A4:1 G3+B3+D4:1';
    const inE = 'E4+G#4+B4:1 A4+C#5+E5:1 B4+D#5+F#5+A5:1 E4+G#4+B4:1';
    const score = (middle: string) =>
      fixtureScore([[inC, inC, inC, inC, middle, middle, middle, middle, inC, inC, inC, inC].join(' | ')], {
        fifths: 0,
      });
    for (const [middle, key] of [
      [inG, 'G major'],
      [inE, 'E major'],
    ] as const) {
      const { regions } = analyzeHarmony(score(middle));
      assert.deepEqual(regions, [
        { key: 'C major', from_measure: 1, to_measure: 4 },
        { key, from_measure: 5, to_measure: 8 },
        { key: 'C major', from_measure: 9, to_measure: 12 },
      ]);
    }
  });

  it('returns nothing for silence and percussion', () => {
    assert.deepEqual(analyzeHarmony(fixtureScore(['r:4'])), {
      home_key: null,
      regions: [],
      cadences: [],
      harmonies: [],
    });
  });
});
