import { keyAnalysisInputSchema, keyAnalysisOutputSchema } from '@encore/contracts';
import { analyzeKey } from '../music/index.ts';
import { defineTool } from './tool.ts';

export const keyAnalysis = defineTool({
  name: 'key_analysis',
  title: 'Find the key',
  description:
    'The home key of a score by one profile or by the vote of all, with alternatives and the margin to the next key.',
  input: keyAnalysisInputSchema,
  output: keyAnalysisOutputSchema,
  readOnly: true,
  destructive: false,
  cost: 'light',
  async run({ score_id, profile }, { library, signal }) {
    const { head, score } = await library.load(score_id, signal);
    return { score_id, version: head.version, ...analyzeKey(score, profile) };
  },
});
