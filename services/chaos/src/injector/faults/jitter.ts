/** Delays each response (or request) by a varying time. */
import type { ParamsOf } from '@encore/contracts';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

export const jitter = toxicFault<ParamsOf<'jitter'>>({
  type: 'latency',
  attributes: ({ latencyMs, jitterMs }) => ({ latency: latencyMs, jitter: jitterMs }),
  checkEffect: (probes, { latencyMs, jitterMs }) =>
    checkEffectByDelay(probes, ({ firstByteMs }) => firstByteMs, Math.max(5, (latencyMs - jitterMs) * 0.8), {
      timeoutMs: latencyMs + jitterMs + 1_000,
    }),
});
