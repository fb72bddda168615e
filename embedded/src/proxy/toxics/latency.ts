/**
 * Delays each chunk by `latency` ± `jitter` ms from its arrival. Delays overlap, so throughput is
 * not reduced.
 */
import type { ToxicType } from './toxic.ts';

export const latency: ToxicType<'latency' | 'jitter'> = {
  defaults: { latency: 0, jitter: 0 },
  async *pipe(chunks, attributes, stream) {
    for await (const chunk of chunks) {
      const delayMs = attributes.latency + (2 * stream.random() - 1) * attributes.jitter;
      await stream.sleep(chunk.arrivedAtMs + delayMs - stream.nowMs());
      yield chunk;
    }
  },
};
