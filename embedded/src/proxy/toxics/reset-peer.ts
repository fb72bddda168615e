/** Sends a RST to both sides `timeout` ms after the first data, which is lost. */
import type { ToxicType } from './toxic.ts';

export const resetPeer: ToxicType<'timeout'> = {
  defaults: { timeout: 0 },
  async *pipe(chunks, attributes, stream) {
    for await (const chunk of chunks) {
      await stream.sleep(attributes.timeout);
      if (!stream.interrupted) return stream.reset();
      yield chunk;
    }
    if (stream.interrupted) return;
    await stream.sleep(attributes.timeout);
    stream.reset();
  },
};
