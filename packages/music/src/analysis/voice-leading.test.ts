import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { fixtureScore } from '../testing/fixture-score.ts';
import { analyzeVoiceLeading } from './voice-leading.ts';

function kinds(...parts: string[]): string[] {
  return analyzeVoiceLeading(fixtureScore(parts, { fifths: 0 })).events.map(({ kind }) => kind);
}

describe('analyzeVoiceLeading', () => {
  it('marks parallel fifths, octaves and unisons with position and pitches', () => {
    const { events } = analyzeVoiceLeading(fixtureScore(['r:4 | r:1 G4:1 A4:2', 'r:4 | r:1 C4:1 D4:2'], { fifths: 0 }));
    assert.deepEqual(events, [
      { measure: 2, offset: '2', kind: 'parallel fifths', voices: ['P1', 'P2'], pitches: ['G4', 'C4', 'A4', 'D4'] },
    ]);
    assert.deepEqual(kinds('C5:2 D5:2', 'C4:2 D4:2'), ['parallel octaves']);
    // Parallel unisons also overlap: the lower voice passes the previous note of the upper one.
    assert.deepEqual(kinds('C4:2 D4:2', 'C4:2 D4:2'), ['voice overlap', 'parallel unisons']);
  });

  it('does not mark repeated or contrary perfect intervals, nor a diminished fifth', () => {
    assert.deepEqual(kinds('G4:2 G4:2', 'C4:2 C4:2'), []);
    assert.deepEqual(kinds('C5:2 G4:2', 'F3:2 C4:2'), []);
    assert.deepEqual(kinds('G4:2 F4:2', 'C4:2 B3:2'), []);
  });

  it('marks direct octaves of the outer voices when the upper one leaps', () => {
    assert.deepEqual(kinds('E4:2 A4:2', 'F3:2 A3:2'), ['direct octaves']);
    assert.deepEqual(kinds('G4:2 A4:2', 'F3:2 A3:2'), []);
  });

  it('marks crossing once, overlap, large and augmented leaps', () => {
    assert.deepEqual(
      kinds('E5:1 C4:1 D4:1 E5:1', 'C4:1 E4:1 F4:1 C4:1').filter((kind) => kind === 'voice crossing'),
      ['voice crossing'],
    );
    assert.ok(kinds('E4:2 A4:2', 'C4:2 F4:2').includes('voice overlap'));
    assert.deepEqual(kinds('C4:2 E5:2'), ['large leap']);
    assert.deepEqual(kinds('F4:2 G#4:2'), ['augmented leap']);
    assert.deepEqual(kinds('F4:2 B4:2'), ['augmented leap']);
    assert.deepEqual(kinds('B4:2 F4:2'), ['augmented leap']);
    assert.deepEqual(kinds('F4:1 Ab4:1 G4:2'), []);
    assert.deepEqual(kinds('C4:1 C#4:1 D4:2'), []);
  });

  // V7 to I with resolved and unresolved seventh and leading tone.
  it('marks an unresolved leading tone and seventh', () => {
    const cadence = (soprano: string, alto: string) =>
      kinds(`${soprano} C5:4`, `${alto} E4:4`, 'D4:2 C4:2 | C4:4', 'G3:2 C3:2 | C3:4');
    assert.deepEqual(cadence('B4:2 C5:2 |', 'F4:2 E4:2 |'), []);
    assert.ok(cadence('B4:2 G4:2 |', 'F4:2 E4:2 |').includes('unresolved leading tone'));
    assert.ok(cadence('B4:2 C5:2 |', 'F4:2 G4:2 |').includes('unresolved seventh'));
  });

  it('counts the motion of the outer voices', () => {
    const { motion } = analyzeVoiceLeading(fixtureScore(['C5:1 D5:1 E5:1 E5:1 F5:1', 'C4:1 B3:1 C4:1 D4:1 F4:1']));
    assert.deepEqual(motion, { parallel: 1, similar: 1, contrary: 1, oblique: 1 });
  });

  it('marks parallel fifths in any canon at the fifth', () => {
    const step = fc.constantFrom('C', 'D', 'E', 'F', 'G', 'A');
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), (tune) => {
        const fifth: Record<string, string> = { C: 'G4', D: 'A4', E: 'B4', F: 'C5', G: 'D5', A: 'E5' };
        const lower = tune.map((name) => `${name}3:1`).join(' ');
        const upper = tune.map((name) => `${fifth[name]}:1`).join(' ');
        const moves = tune.filter((name, i) => i > 0 && name !== tune[i - 1]).length;
        assert.equal(kinds(upper, lower).filter((kind) => kind === 'parallel fifths').length, moves);
      }),
      { numRuns: 50 },
    );
  });
});
