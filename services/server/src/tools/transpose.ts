import { transposeInputSchema, transposeOutputSchema } from '@encore/contracts/music-api';
import type { StoredScore } from '@encore/contracts/server-api';
import { defineTool } from './tool.ts';

/** The result is stored like an upload, but it comes from a worker in one message. */
const maxTransposedBytes = 32 * 1024 * 1024;

export const transpose = defineTool({
  name: 'transpose',
  title: 'Transpose a score',
  description:
    'Moves every note and key signature by an interval and stores the result as MusicXML, without what export_score leaves out: under a new id, or as the next version when both ids are the same. With an idempotency_key the call can be repeated safely.',
  input: transposeInputSchema,
  output: transposeOutputSchema,
  readOnly: false,
  destructive: false,
  cost: 'heavy',
  async run({ score_id, new_score_id, interval, idempotency_key }, { library, signal }) {
    // Asked first: a piece that was moved in its place would be moved once more, and the source may be gone by now.
    const request = `transpose ${score_id} ${new_score_id} ${interval}`;
    const earlier = idempotency_key ? await library.store.earlier(idempotency_key, request, signal) : null;
    if (earlier) return answer(earlier, interval);
    const task = { kind: 'transpose', interval, maxBytes: maxTransposedBytes } as const;
    const { head, result } = await library.ask(score_id, task, signal);
    const expectedVersion = new_score_id === score_id ? head.version : null;
    const target = { id: new_score_id, expectedVersion, idempotencyKey: idempotency_key ?? null, request };
    return answer(await library.save(target, Buffer.from(result), signal), interval);
  },
});

function answer({ id, version, sha256 }: StoredScore, interval: string) {
  return { score_id: id, version, interval, sha256 };
}
