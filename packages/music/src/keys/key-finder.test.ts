import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { modulo, pitchClassOfFifths } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { fixtureScore } from '../testing/fixture-score.ts';
import { analyzeKey, findKeys, type KeyCandidate } from './key-finder.ts';
import { profileNames } from './key-profiles.ts';

/** The first phrase of "God Save the King" (anonymous, 1745), in G major. */
const anthem = [
  'G4:1 G4:1 A4:1 | F#4:3/2 G4:1/2 A4:1 | B4:1 B4:1 C5:1 | B4:3/2 A4:1/2 G4:1 | A4:1 G4:1 F#4:1 | G4:3',
  'G3:1 E3:1 C3:1 | D3:3/2 B2:1/2 A2:1 | G2:1 G3:1 C3:1 | D3:3/2 D3:1/2 E3:1 | C3:1 D3:1 D2:1 | G2:3',
];

/** The subject of Bach's fugue in C minor, BWV 847, with a final tonic. */
const fugue = [
  'r:1/2 C5:1/4 B4:1/4 C5:1/2 G4:1/2 Ab4:1/2 C5:1/4 B4:1/4 C5:1/2 D5:1/2 | G4:1/2 C5:1/4 B4:1/4 C5:1/2 D5:1/2 F4:1/4 G4:1/4 Ab4:1 G4:1/4 F4:1/4 | Eb4:4',
  'r:4 | r:4 | C3:4',
];

/** Transposes every note by the same number of semitones. */
function shifted(score: Score, semitones: number): Score {
  const notes = { ...score.notes, midi: score.notes.midi.map((midi) => midi + semitones) };
  return { ...score, notes, parts: score.parts.map((part) => ({ ...part, keys: [] })) };
}

describe('analyzeKey', () => {
  for (const profile of [...profileNames, 'vote'] as const) {
    it(`finds G major and C minor with ${profile}`, () => {
      assert.equal(analyzeKey(fixtureScore(anthem, { fifths: 1, time: [3, 4] }), profile).key, 'G major');
      assert.equal(analyzeKey(fixtureScore(fugue, { fifths: -3 }), profile).key, 'C minor');
    });
  }

  it('finds the key without a signature', () => {
    assert.equal(analyzeKey(fixtureScore(anthem), 'vote').key, 'G major');
    assert.equal(analyzeKey(fixtureScore(fugue), 'vote').key, 'C minor');
  });

  it('spells the key like the piece', () => {
    const flats = ['Db4:1 Gb4:1 Ab4:1 Db4:1', 'Db3:4'];
    const sharps = ['C#4:1 F#4:1 G#4:1 C#4:1', 'C#3:4'];
    assert.match(analyzeKey(fixtureScore(flats), 'vote').key ?? '', /^Db /);
    assert.match(analyzeKey(fixtureScore(sharps), 'vote').key ?? '', /^C# /);
  });

  it('returns alternatives in order, with a margin', () => {
    const analysis = analyzeKey(fixtureScore(anthem, { fifths: 1 }), 'vote');
    assert.equal(analysis.alternatives.length, 4);
    assert.ok((analysis.margin ?? 0) > 0);
    assert.ok((analysis.correlation ?? 0) > 0.6);
    assert.ok(!analysis.alternatives.some(({ key }) => key === analysis.key));
    const evidence = analysis.alternatives.map((one) => one.evidence);
    assert.deepEqual(
      evidence,
      evidence.toSorted((a, b) => b - a),
    );
    const [best, second] = findKeys(fixtureScore(anthem, { fifths: 1 }), 'vote') as [KeyCandidate, KeyCandidate];
    assert.deepEqual([analysis.evidence, evidence[0]], [best.evidence, second.evidence]);
    assert.equal(analysis.margin, best.evidence - second.evidence);
  });

  it('returns the reason if there is no key', () => {
    const silent = analyzeKey(fixtureScore(['r:4']), 'vote');
    assert.deepEqual([silent.key, silent.reason], [null, 'no pitched note has a duration']);
    const chromatic = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'].map((name) => `${name}4:1/3`);
    const flat = analyzeKey(fixtureScore([chromatic.join(' ')]), 'temperley');
    assert.deepEqual([flat.key, flat.reason], [null, 'all twelve pitch classes sound equally long']);
  });

  it('transposes the key with the piece', () => {
    const name = fc.constantFrom('C', 'D', 'E', 'F', 'G', 'A', 'B', 'Bb', 'F#', 'Eb');
    const tune = fc.array(fc.tuple(name, fc.integer({ min: 1, max: 8 })), { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(
        tune,
        fc.integer({ min: -11, max: 11 }),
        fc.constantFrom(...profileNames),
        (notes, semitones, profile) => {
          const score = fixtureScore([notes.map(([step, length]) => `${step}4:${length}/2`).join(' ')]);
          const [before, after] = [findKeys(score, profile), findKeys(shifted(score, semitones), profile)];
          if (typeof before === 'string' || typeof after === 'string') return assert.equal(before, after);
          const evidence = (of: typeof before, tonic: number, mode: string) =>
            of.find(({ key }) => key.mode === mode && pitchClassOfFifths(key.tonic) === modulo(tonic, 12))?.evidence ??
            0;
          for (let tonic = 0; tonic < 12; tonic++) {
            for (const mode of ['major', 'minor']) {
              const difference = evidence(before, tonic, mode) - evidence(after, tonic + semitones, mode);
              assert.ok(Math.abs(difference) < 1e-9);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
