/** Delays each response by a varying time. */
import { defaultJitter as base } from '@encore/plan';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

export const jitter = toxicFault({
  kind: 'jitter',
  type: 'latency',
  direction: 'downstream',
  attributes: ({ latencyMs = base.latencyMs, jitterMs = base.jitterMs }) => ({ latency: latencyMs, jitter: jitterMs }),
  checkEffect: (probes, { params: { latencyMs = base.latencyMs, jitterMs = base.jitterMs } }) =>
    checkEffectByDelay(probes, ({ firstByteMs }) => firstByteMs, Math.max(5, (latencyMs - jitterMs) * 0.8), {
      timeoutMs: latencyMs + jitterMs + 1_000,
    }),
  does: 'Delays all data by a varying time (200 ± 150 ms by default).',
  userSees: 'Response times vary; the order of the bytes is kept.',
  pitfalls: 'The delays are not seeded: Toxiproxy’s seed has no effect. Drained before removal, like latency.',
});
