/** Accepts connections and drops all data. */
import type { ParamsOf } from '@encore/contracts';
import { compare, milliseconds, toxicFault } from './toxic-fault.ts';

const watchMs = 700;

export const timeout = toxicFault<ParamsOf<'timeout'>>({
  type: 'timeout',
  attributes: ({ timeoutMs }) => ({ timeout: timeoutMs }),
  checkEffect: async (probes) => {
    const { through, direct } = await compare(probes, { timeoutMs: watchMs });
    const silent = through.connectMs !== null && through.bytes === 0 && through.end !== 'refused';
    return {
      effect: silent ? 'confirmed' : 'absent',
      evidence: `connected in ${milliseconds(through.connectMs)}, then ${through.bytes} bytes in ${watchMs} ms; directly ${milliseconds(direct.firstByteMs)}`,
    };
  },
});
