import { harmonyAnalysisInputSchema, harmonyAnalysisOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const harmonyAnalysis = defineTool({
  name: 'harmony_analysis',
  title: 'Follow the harmony',
  description:
    'The keys of a piece over time, its cadences, and its harmonies with their functions, without ornaments. Paginated.',
  input: harmonyAnalysisInputSchema,
  output: harmonyAnalysisOutputSchema,
  effect: 'reads',
  cost: 'heavy',
  async run({ score_id, after, limit }, { library, signal }) {
    const task = { kind: 'harmony', page: { after, limit } } as const;
    const { head, result } = await library.run(score_id, task, signal);
    return { score_id, version: head.version, ...result };
  },
});
