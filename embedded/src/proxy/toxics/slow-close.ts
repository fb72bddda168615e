/** Passes the end of the stream on `delay` ms late. */
import type { ToxicType } from './toxic.ts';

export const slowClose: ToxicType<'delay'> = {
  defaults: { delay: 0 },
  async *pipe(chunks, { delay }, stream) {
    yield* chunks;
    if (!stream.interrupted) await stream.sleep(delay);
  },
};
