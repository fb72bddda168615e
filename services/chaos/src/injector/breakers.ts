/** The states of circuit breakers, as the container reports them on its health port. */
import { serverHealthSchema } from '@encore/contracts';
import { callJson } from '@encore/kit';

export type BreakerState = 'closed' | 'open' | 'half_open';
export type ReadBreakers = (signal: AbortSignal) => Promise<Record<string, BreakerState>>;

const timeoutMs = 2_000;

export function breakersAt(healthUrl: string): ReadBreakers {
  return async (signal) => {
    const { circuit_breakers } = await callJson(`${healthUrl}/health/detailed`, serverHealthSchema, {
      timeoutMs,
      signal,
    });
    return Object.fromEntries(Object.entries(circuit_breakers).map(([name, { state }]) => [name, state]));
  };
}
