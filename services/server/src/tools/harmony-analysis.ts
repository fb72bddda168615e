import { harmonyAnalysisInputSchema, harmonyAnalysisOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const harmonyAnalysis = defineTool({
  name: 'harmony_analysis',
  title: 'Follow the harmony',
  description:
    'The keys a piece goes through, its cadences, and its harmonies with their functions, ornaments left out. Page by page.',
  input: harmonyAnalysisInputSchema,
  output: harmonyAnalysisOutputSchema,
  readOnly: true,
  destructive: false,
  cost: 'heavy',
  async run({ score_id, after, limit }, { library, signal }) {
    const task = { kind: 'harmony', page: { after, limit } } as const;
    const { head, result } = await library.ask(score_id, task, signal);
    return { score_id, version: head.version, ...result };
  },
});
