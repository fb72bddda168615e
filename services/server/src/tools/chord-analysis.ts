import { chordAnalysisInputSchema, chordAnalysisOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const chordAnalysis = defineTool({
  name: 'chord_analysis',
  title: 'Name the chords',
  description:
    'Pitches, chord symbol, inversion and Roman numeral (with secondary dominants) at every onset. Paginated.',
  input: chordAnalysisInputSchema,
  output: chordAnalysisOutputSchema,
  effect: 'reads',
  cost: 'heavy',
  async run({ score_id, key, after, limit }, { library, signal }) {
    const task = { kind: 'chords', key: key ?? null, page: { after, limit } } as const;
    const { head, result } = await library.run(score_id, task, signal);
    return { score_id, version: head.version, ...result };
  },
});
