/** Every answer (or request) comes later by a fixed time. */
import type { FaultKind } from '@encore/contracts';
import type { FaultSpec } from './fault-spec.ts';
import { biteByDelay, toxicFault } from './toxic-fault.ts';

const defaultLatencyMs = 300;

export function latencyFault(kind: FaultKind, userSees: string): FaultSpec {
  return toxicFault({
    kind,
    type: 'latency',
    direction: 'downstream',
    attributes: ({ latencyMs = defaultLatencyMs }) => ({ latency: latencyMs, jitter: 0 }),
    bite: (looks, { params: { latencyMs = defaultLatencyMs } }) =>
      biteByDelay(looks, ({ firstByteMs }) => firstByteMs, latencyMs * 0.8, { timeoutMs: latencyMs + 1_000 }),
    does: 'Delays all data of the link by a fixed time (300 ms, answers).',
    userSees,
    pitfalls:
      'Toxiproxy can freeze for good when a latency toxic is removed under load: hence the drain, which drops connections and belongs to the fault. Latency and jitter together stay within 1 s.',
  });
}

export const latency = latencyFault('latency', 'Slow answers, nothing else.');
