import { leftOut, scoreInfoInputSchema, scoreInfoOutputSchema } from '@encore/contracts/music-api';
import { defineTool } from './tool.ts';

export const scoreInfo = defineTool({
  name: 'score_info',
  title: 'Describe a score',
  description: `Title, length, parts with their ranges, signatures, tempos and warnings of a score, and its stored file. Scores omit ${leftOut.join(', ')}.`,
  input: scoreInfoInputSchema,
  output: scoreInfoOutputSchema,
  effect: 'reads',
  cost: 'light',
  async run({ score_id }, { library, signal }) {
    const { head, result: outline } = await library.run(score_id, { kind: 'outline' }, signal);
    const { version, bytes, sha256, format } = head;
    return { score_id, version, bytes, sha256, format, outline, left_out: [...leftOut] };
  },
});
