/** A black hole: nothing passes, and after `timeout` ms without data the link is closed (0: not before the toxic is removed). */
import type { ToxicType } from './toxic.ts';

export const timeout: ToxicType<'timeout'> = {
  defaults: { timeout: 0 },
  closesLinksWhenRemoved: true,
  async *pipe(chunks, attributes, link) {
    const arm = () => (attributes.timeout > 0 ? setTimeout(() => link.close(), attributes.timeout) : undefined);
    let timer = arm();
    try {
      for await (const _dropped of chunks) {
        clearTimeout(timer);
        timer = arm();
      }
    } finally {
      clearTimeout(timer);
    }
  },
};
