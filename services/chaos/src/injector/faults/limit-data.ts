/** Cuts each connection after a number of bytes. */
import type { EffectCheck } from './fault-spec.ts';
import { compare, type ProxyProbes, toxicFault } from './toxic-fault.ts';

const defaultBytes = 2_048;
/** A response has at least 200 bytes, so the requests ask for well more than the limit. */
const answerBytes = 150;
const maxRequests = 400;

export const limitData = toxicFault({
  kind: 'limit-data',
  type: 'limit_data',
  direction: 'downstream',
  attributes: ({ bytes = defaultBytes }) => ({ bytes }),
  checkEffect: (probes, { params: { bytes = defaultBytes } }) => checkCut(probes, bytes),
  does: 'Closes each connection after a number of bytes (responses, 2048 by default).',
  userSees: 'Bodies are truncated, on reused connections even small ones.',
  pitfalls: 'A client that does not compare the length mistakes half a score for a whole one.',
});

/** Checks that a connection ends after at most `bytes` bytes. */
async function checkCut(probes: ProxyProbes, bytes: number): Promise<EffectCheck> {
  const requests = Math.min(maxRequests, Math.ceil((bytes * 2) / answerBytes));
  const { through, direct } = await compare(probes, { requests, timeoutMs: 3_000 });
  const cut = through.bytes <= bytes && direct.bytes > bytes;
  return {
    effect: cut ? 'confirmed' : 'absent',
    evidence: `${through.bytes} bytes through the proxy, then ${through.end}; ${direct.bytes} bytes directly`,
  };
}
