/** Cuts each connection after a number of bytes. */
import type { ParamsOf } from '@encore/contracts';
import { compare, toxicFault } from './toxic-fault.ts';

/** A response has at least 200 bytes, so the requests ask for well over the limit. */
const answerBytes = 150;
const maxRequests = 400;

export const limitData = toxicFault<ParamsOf<'limit-data'>>({
  type: 'limit_data',
  attributes: ({ bytes }) => ({ bytes }),
  checkEffect: async (probes, { bytes }) => {
    const requests = Math.min(maxRequests, Math.ceil((bytes * 2) / answerBytes));
    const { through, direct } = await compare(probes, { requests, timeoutMs: 3_000 });
    const cut = through.bytes <= bytes && direct.bytes > bytes;
    return {
      effect: cut ? 'confirmed' : 'absent',
      evidence: `${through.bytes} bytes through the proxy, then ${through.end}; ${direct.bytes} bytes directly`,
    };
  },
});
