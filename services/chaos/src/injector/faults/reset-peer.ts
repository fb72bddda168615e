/** Resets connections. */
import type { ParamsOf } from '@encore/contracts';
import { compare, toxicFault } from './toxic-fault.ts';

export const resetPeer = toxicFault<ParamsOf<'reset-peer'>>({
  type: 'reset_peer',
  attributes: ({ timeoutMs }) => ({ timeout: timeoutMs }),
  checkEffect: async (probes, { timeoutMs }) => {
    const { through, direct } = await compare(probes, { timeoutMs: timeoutMs + 1_000 });
    return {
      effect: through.end === 'reset' && through.bytes === 0 ? 'confirmed' : 'absent',
      evidence: `through the proxy: ${through.end} after ${through.totalMs.toFixed(0)} ms; directly: ${direct.end}`,
    };
  },
});
