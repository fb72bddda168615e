/** Delays each response (or request) by a fixed time. */
import type { FaultKind } from '@encore/contracts';
import type { FaultSpec } from './fault-spec.ts';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

const defaultLatencyMs = 300;

export function latencyFault(kind: FaultKind, userSees: string): FaultSpec {
  return toxicFault({
    kind,
    type: 'latency',
    direction: 'downstream',
    attributes: ({ latencyMs = defaultLatencyMs }) => ({ latency: latencyMs, jitter: 0 }),
    checkEffect: (probes, { params: { latencyMs = defaultLatencyMs } }) =>
      checkEffectByDelay(probes, ({ firstByteMs }) => firstByteMs, latencyMs * 0.8, { timeoutMs: latencyMs + 1_000 }),
    does: 'Delays all data by a fixed time (responses, by 300 ms by default).',
    userSees,
    pitfalls:
      'Toxiproxy can freeze permanently when a latency toxic is removed under load. The proxy is therefore drained first, which drops connections and belongs to the fault. Latency plus jitter is limited to 1 s.',
  });
}

export const latency = latencyFault('latency', 'Responses are slow.');
