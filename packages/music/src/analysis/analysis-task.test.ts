import assert from 'node:assert/strict';
import {
  chordAnalysisOutputSchema,
  harmonyAnalysisOutputSchema,
  keyAnalysisOutputSchema,
  patternRecognitionOutputSchema,
  voiceLeadingOutputSchema,
} from '@encore/contracts';
import { describe, it } from 'mocha';
import { fixtureScore } from '../testing/fixture-score.ts';
import { type AnalysisTask, runAnalysis } from './analysis-task.ts';

const score = fixtureScore(
  [
    'E4:1 F4:1 E4:1 D4:1 | E4:1 F4:1 E4:1 D4:1 | C4:4',
    'C4:1 A3:1 C4:1 B3:1 | C4:1 A3:1 C4:1 B3:1 | E3:4',
    'C3:1 F3:1 G3:1 G3:1 | C3:1 F3:1 G3:1 G3:1 | C3:4',
  ],
  { fifths: 0 },
);
const page = { after: 0, limit: 3 };
const head = { score_id: 'a', version: 1 };

describe('runAnalysis', () => {
  const tasks: [AnalysisTask, { parse(value: unknown): unknown }][] = [
    [{ kind: 'key-windows', profile: 'vote', window: 2, hop: 1, page }, keyAnalysisOutputSchema],
    [{ kind: 'chords', key: null, page }, chordAnalysisOutputSchema],
    [{ kind: 'harmony', page }, harmonyAnalysisOutputSchema],
    [{ kind: 'voice-leading', page }, voiceLeadingOutputSchema],
    [
      { kind: 'patterns', kinds: ['repeated', 'rhythmic', 'transposed', 'inverted', 'retrograde'], minLength: 3, page },
      patternRecognitionOutputSchema,
    ],
  ];
  for (const [task, schema] of tasks) {
    it(`returns a cloneable ${task.kind} result that matches the contract`, () => {
      const answer = { ...head, ...runAnalysis(score, task) };
      assert.deepEqual(schema.parse(answer), answer);
      assert.deepEqual(structuredClone(answer), answer);
    });
  }

  it('returns all chords in pages', () => {
    const seen: (string | null)[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const answer = runAnalysis(score, { kind: 'chords', key: 'C major', page: { after, limit: 4 } });
      assert.ok('chords' in answer && answer.total === 9);
      seen.push(...answer.chords.map(({ roman }) => roman));
      after = answer.next;
    }
    assert.deepEqual(seen, ['I', 'IV', 'I64', 'V', 'I', 'IV', 'I64', 'V', 'I']);
  });

  it('refuses an invalid key', () => {
    assert.throws(() => runAnalysis(score, { kind: 'chords', key: 'H dur', page }), {
      code: 'INVALID_INPUT',
      status: 400,
    });
  });
});
