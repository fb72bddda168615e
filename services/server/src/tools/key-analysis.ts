import { keyAnalysisInputSchema, keyAnalysisOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const keyAnalysis = defineTool({
  name: 'key_analysis',
  title: 'Find the key',
  description:
    'The home key of a score by one profile or by a vote of all, with the margin to the next key and alternatives ordered by evidence (correlation, ends of the piece, final bass, signature). With a window, also the key of each window of that many measures, paginated.',
  input: keyAnalysisInputSchema,
  output: keyAnalysisOutputSchema,
  effect: 'reads',
  cost: 'light',
  async run({ score_id, profile, window, after, limit }, { library, signal }) {
    if (!window) {
      const { head, result } = await library.run(score_id, { kind: 'key', profile }, signal);
      return { score_id, version: head.version, ...result };
    }
    const { measures, hop = measures } = window;
    const task = { kind: 'key-windows', profile, window: measures, hop, page: { after, limit } } as const;
    const { head, result } = await library.run(score_id, task, signal);
    return { score_id, version: head.version, ...result };
  },
});
