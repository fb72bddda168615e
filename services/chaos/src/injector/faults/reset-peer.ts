/** Resets connections. */
import { compare, toxicFault } from './toxic-fault.ts';

export const resetPeer = toxicFault({
  kind: 'reset-peer',
  type: 'reset_peer',
  direction: 'upstream',
  attributes: ({ timeoutMs = 0 }) => ({ timeout: timeoutMs }),
  checkEffect: async (probes, { params: { timeoutMs = 0 } }) => {
    const { through, direct } = await compare(probes, { timeoutMs: timeoutMs + 1_000 });
    return {
      effect: through.end === 'reset' && through.bytes === 0 ? 'confirmed' : 'absent',
      evidence: `through the proxy: ${through.end} after ${through.totalMs.toFixed(0)} ms; directly: ${direct.end}`,
    };
  },
  does: 'Resets each connection once data has been sent on it (immediately by default, or after a delay).',
  revertedBy: 'The injector removes the toxic.',
  userSees: 'Connections are reset by the peer; the server may have received the request.',
  pitfalls: 'Only connections opened after the injection get a real RST; pooled ones are closed normally (FIN).',
});
