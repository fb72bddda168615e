import { transposeInputSchema, transposeOutputSchema } from '@encore/contracts/music-api';
import type { StoredScore } from '@encore/contracts/server-api';
import { defineTool } from './tool.ts';

/** Smaller than the limit of an upload, because the worker sends the result in one message. */
const maxTransposedBytes = 32 * 1024 * 1024;

export const transpose = defineTool({
  name: 'transpose',
  title: 'Transpose a score',
  description:
    'Transposes every note and key signature by an interval and stores the result as MusicXML, without what export_score omits: under a new id, or as the next version if both ids are the same. With an idempotency_key the call can be repeated safely.',
  input: transposeInputSchema,
  output: transposeOutputSchema,
  effect: 'writes',
  cost: 'heavy',
  async run({ score_id, new_score_id, interval, idempotency_key }, { library, signal }) {
    // Look up the key first: a piece transposed in place would be transposed again, and the source
    // may be gone.
    const request = `transpose ${score_id} ${new_score_id} ${interval}`;
    const earlier = idempotency_key ? await library.store.findByKey(idempotency_key, request, signal) : null;
    if (earlier) return outputOf(earlier, interval);
    const task = { kind: 'transpose', interval, maxBytes: maxTransposedBytes } as const;
    const { head, result } = await library.run(score_id, task, signal);
    const expectedVersion = new_score_id === score_id ? head.version : null;
    const target = { id: new_score_id, expectedVersion, idempotencyKey: idempotency_key ?? null, request };
    return outputOf(await library.save(target, Buffer.from(result), signal), interval);
  },
});

function outputOf({ id, version, sha256 }: StoredScore, interval: string) {
  return { score_id: id, version, interval, sha256 };
}
