/** Closes the connection once `bytes` bytes have passed. */
import type { ToxicType } from './toxic.ts';

export const limitData: ToxicType<'bytes'> = {
  defaults: { bytes: 0 },
  async *pipe(chunks, { bytes }, stream, memory) {
    for await (const chunk of chunks) {
      const data = chunk.data.subarray(0, Math.max(0, bytes - memory.bytesPassed));
      memory.bytesPassed += data.length;
      if (data.length > 0) yield { ...chunk, data };
      if (memory.bytesPassed >= bytes) return stream.close();
    }
  },
};
