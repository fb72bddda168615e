/** Each chunk leaves `latency` ± `jitter` ms after it came in. Chunks wait side by side, so throughput is not reduced. */
import type { ToxicType } from './toxic.ts';

export const latency: ToxicType<'latency' | 'jitter'> = {
  defaults: { latency: 0, jitter: 0 },
  async *pipe(chunks, attributes, link) {
    for await (const chunk of chunks) {
      const delayMs = attributes.latency + (2 * link.random() - 1) * attributes.jitter;
      await link.sleep(chunk.arrivedAtMs + delayMs - link.nowMs());
      yield chunk;
    }
  },
};
