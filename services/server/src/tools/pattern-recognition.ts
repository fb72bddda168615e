import { patternRecognitionInputSchema, patternRecognitionOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const patternRecognition = defineTool({
  name: 'pattern_recognition',
  title: 'Find patterns',
  description:
    'Recurring melodies: repeated, transposed, inverted, retrograde, or the rhythm only; those that cover the most notes come first. Paginated.',
  input: patternRecognitionInputSchema,
  output: patternRecognitionOutputSchema,
  effect: 'reads',
  cost: 'heavy',
  async run({ score_id, kinds, min_length, after, limit }, { library, signal }) {
    const task = { kind: 'patterns', kinds, minLength: min_length, page: { after, limit } } as const;
    const { head, result } = await library.run(score_id, task, signal);
    return { score_id, version: head.version, ...result };
  },
});
