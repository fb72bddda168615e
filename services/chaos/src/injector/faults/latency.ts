/** Delays each response (or request) by a fixed time. */
import type { ParamsOf } from '@encore/contracts';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

export const latency = toxicFault<ParamsOf<'latency'>>({
  type: 'latency',
  attributes: ({ latencyMs }) => ({ latency: latencyMs, jitter: 0 }),
  checkEffect: (probes, { latencyMs }) =>
    checkEffectByDelay(probes, ({ firstByteMs }) => firstByteMs, latencyMs * 0.8, { timeoutMs: latencyMs + 1_000 }),
});
