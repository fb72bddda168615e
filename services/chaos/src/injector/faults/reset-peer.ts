/** Connections that are reset. */
import { compare, toxicFault } from './toxic-fault.ts';

export const resetPeer = toxicFault({
  kind: 'reset-peer',
  type: 'reset_peer',
  direction: 'upstream',
  attributes: ({ timeoutMs = 0 }) => ({ timeout: timeoutMs }),
  bite: async (looks, { params: { timeoutMs = 0 } }) => {
    const { through, direct } = await compare(looks, { timeoutMs: timeoutMs + 1_000 });
    return {
      bit: through.end === 'reset' && through.bytes === 0 ? 'yes' : 'no',
      evidence: `through the link: ${through.end} after ${through.totalMs.toFixed(0)} ms; directly: ${direct.end}`,
    };
  },
  does: 'Resets each connection once something was sent on it (at once, or after a time).',
  undoneBy: 'The toxic is removed.',
  userSees: 'Connection reset by peer; the server may or may not have seen the request.',
  pitfalls: 'Only connections opened after the toxic get a real RST; pooled ones get an orderly end.',
});
