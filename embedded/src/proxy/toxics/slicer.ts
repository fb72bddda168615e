/**
 * Cuts the data into slices of `average_size` ± `size_variation` bytes, `delay` microseconds apart.
 */
import type { ToxicType } from './toxic.ts';

export const slicer: ToxicType<'average_size' | 'size_variation' | 'delay'> = {
  defaults: { average_size: 0, size_variation: 0, delay: 0 },
  async *pipe(chunks, attributes, stream) {
    for await (const chunk of chunks) {
      let rest = chunk.data;
      while (rest.length > 0) {
        const size = stream.interrupted
          ? rest.length
          : Math.max(1, Math.round(attributes.average_size + (2 * stream.random() - 1) * attributes.size_variation));
        yield { ...chunk, data: rest.subarray(0, size) };
        rest = rest.subarray(size);
        if (rest.length > 0) await stream.sleep(attributes.delay / 1_000);
      }
    }
  },
};
