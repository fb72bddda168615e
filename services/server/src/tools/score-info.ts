import { scoreInfoInputSchema, scoreInfoOutputSchema } from '@encore/contracts';
import { defineTool } from './tool.ts';

export const scoreInfo = defineTool({
  name: 'score_info',
  title: 'Describe a score',
  description: 'Title, composer, length, parts and counts of a score, and of the file that it was read from.',
  input: scoreInfoInputSchema,
  output: scoreInfoOutputSchema,
  readOnly: true,
  destructive: false,
  cost: 'light',
  async run({ score_id }, { library, signal }) {
    const { head, result } = await library.ask(score_id, { kind: 'info' }, signal);
    const { version, bytes, sha256, format } = head;
    return { score_id, version, bytes, sha256, format, ...result };
  },
});
