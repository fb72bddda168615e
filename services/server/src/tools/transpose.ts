import { transposeInputSchema, transposeOutputSchema } from '@encore/contracts';
import { defineTool } from './tool.ts';

/** The result is stored like an upload, but it comes from a worker in one message. */
const maxTransposedBytes = 32 * 1024 * 1024;

export const transpose = defineTool({
  name: 'transpose',
  title: 'Transpose a score',
  description:
    'Moves every note and key signature by an interval and stores the result as MusicXML: under a new id, or as the next version when both ids are the same.',
  input: transposeInputSchema,
  output: transposeOutputSchema,
  readOnly: false,
  destructive: false,
  cost: 'heavy',
  async run({ score_id, new_score_id, interval }, { library, signal }) {
    const task = { kind: 'transpose', interval, maxBytes: maxTransposedBytes } as const;
    const { head, result } = await library.ask(score_id, task, signal);
    const expectedVersion = new_score_id === score_id ? head.version : null;
    const stored = await library.save(new_score_id, Buffer.from(result), expectedVersion, signal);
    return { score_id: new_score_id, version: stored.version, interval, sha256: stored.sha256 };
  },
});
