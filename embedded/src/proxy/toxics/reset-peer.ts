/** `timeout` ms after the first data both sides get a RST; the data is lost. */
import type { ToxicType } from './toxic.ts';

export const resetPeer: ToxicType<'timeout'> = {
  defaults: { timeout: 0 },
  async *pipe(chunks, attributes, link) {
    for await (const chunk of chunks) {
      await link.sleep(attributes.timeout);
      if (!link.interrupted) return link.reset();
      yield chunk;
    }
    if (link.interrupted) return;
    await link.sleep(attributes.timeout);
    link.reset();
  },
};
