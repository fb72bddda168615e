/**
 * Drops all data and closes after `timeout` ms without data; with 0, only when the toxic is
 * removed.
 */
import type { ToxicType } from './toxic.ts';

export const timeout: ToxicType<'timeout'> = {
  defaults: { timeout: 0 },
  closesStreamsWhenRemoved: true,
  async *pipe(chunks, attributes, stream) {
    const arm = () => (attributes.timeout > 0 ? setTimeout(() => stream.close(), attributes.timeout) : undefined);
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
