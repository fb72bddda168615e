/** The end of the stream is passed on `delay` ms late. */
import type { ToxicType } from './toxic.ts';

export const slowClose: ToxicType<'delay'> = {
  defaults: { delay: 0 },
  async *pipe(chunks, { delay }, link) {
    yield* chunks;
    if (!link.interrupted) await link.sleep(delay);
  },
};
