/**
 * Limits the rate to `rate` kB/s, which is `rate` bytes per millisecond. Large chunks leave in
 * slices of 100 ms.
 */
import type { ToxicType } from './toxic.ts';

const sliceMs = 100;

export const bandwidth: ToxicType<'rate'> = {
  defaults: { rate: 0 },
  async *pipe(chunks, { rate }, stream) {
    const bytesPerMs = Math.max(rate, 0.001);
    // When the line is free again. Kept across chunks, so that timer errors do not add up.
    let freeAtMs = stream.nowMs();
    for await (const chunk of chunks) {
      let rest = chunk.data;
      freeAtMs = Math.max(freeAtMs, stream.nowMs() - sliceMs);
      while (rest.length > 0) {
        const size = stream.interrupted
          ? rest.length
          : Math.max(1, Math.min(rest.length, Math.floor(bytesPerMs * sliceMs)));
        freeAtMs += size / bytesPerMs;
        await stream.sleep(freeAtMs - stream.nowMs());
        yield { ...chunk, data: rest.subarray(0, size) };
        rest = rest.subarray(size);
      }
    }
  },
};
