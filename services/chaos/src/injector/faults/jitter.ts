/** Every answer comes later by a time that varies. */
import { defaultJitter as base } from '@encore/plan';
import { biteByDelay, toxicFault } from './toxic-fault.ts';

export const jitter = toxicFault({
  kind: 'jitter',
  type: 'latency',
  direction: 'downstream',
  attributes: ({ latencyMs = base.latencyMs, jitterMs = base.jitterMs }) => ({ latency: latencyMs, jitter: jitterMs }),
  bite: (looks, { params: { latencyMs = base.latencyMs, jitterMs = base.jitterMs } }) =>
    biteByDelay(looks, ({ firstByteMs }) => firstByteMs, Math.max(5, (latencyMs - jitterMs) * 0.8), {
      timeoutMs: latencyMs + jitterMs + 1_000,
    }),
  does: 'Delays the data of the link by a time that varies (200 ms, give or take 150 ms).',
  userSees: 'Answers that are slow in different ways; the order of the bytes stays.',
  pitfalls: 'The delays themselves are not seeded: Toxiproxy’s seed has no effect. Drained like latency.',
});
