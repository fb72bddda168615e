import { deleteScoreInputSchema, deleteScoreOutputSchema } from '@encore/contracts/server-api';
import { defineTool } from './tool.ts';

export const deleteScore = defineTool({
  name: 'delete_score',
  title: 'Delete a score',
  description: 'Deletes the score permanently. `deleted` is false if there was no such score.',
  input: deleteScoreInputSchema,
  output: deleteScoreOutputSchema,
  effect: 'deletes',
  cost: 'light',
  async run({ score_id }, { library, signal }) {
    return { score_id, deleted: await library.store.delete(score_id, signal) };
  },
});
