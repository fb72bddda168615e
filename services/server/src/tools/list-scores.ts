import { listScoresInputSchema, listScoresOutputSchema } from '@encore/contracts/server-api';
import { defineTool } from './tool.ts';

export const listScores = defineTool({
  name: 'list_scores',
  title: 'List scores',
  description:
    'Lists stored scores by id, paginated. `prefix` selects ids that begin with it; pass `next` as `after` for the next page.',
  input: listScoresInputSchema,
  output: listScoresOutputSchema,
  effect: 'reads',
  cost: 'light',
  async run({ prefix, after, limit }, { library, signal }) {
    const scores = await library.store.list(prefix, after, limit, signal);
    const next = scores.length < limit ? null : (scores.at(-1)?.id ?? null);
    return { scores: scores.map(({ replayed: _replayed, ...score }) => score), next };
  },
});
