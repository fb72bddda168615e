/**
 * Load faults, which the load generator carries out as its workload defines them, and the circuit
 * breakers that they open.
 */
import {
  type LoadFaultRequest,
  type LoadFaultStatus,
  type LoadFaults,
  loadFaultStatusSchema,
  loadFaultsSchema,
  quickCallSchema,
  serverHealthSchema,
} from '@encore/contracts';
import { callJson, callText, EncoreError } from '@encore/kit';

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface LoadClient {
  /** What the workload defines. */
  named(signal: AbortSignal): Promise<LoadFaults>;
  /** Does nothing if the fault is already running. */
  start(id: string, request: LoadFaultRequest, signal: AbortSignal): Promise<void>;
  /** Null if the load generator does not know the fault, for example after its restart. */
  status(id: string, signal: AbortSignal): Promise<LoadFaultStatus | null>;
  /** Makes a call that succeeds, with which a half-open breaker closes. */
  quickCall(id: string, signal: AbortSignal): Promise<void>;
  /** Ends a fault and removes what it stored; one that has already ended is not an error. */
  stop(id: string, action: LoadFaultRequest['action'], signal: AbortSignal): Promise<void>;
  /** The states of circuit breakers, as the target itself reports them on its health port. */
  breakers(signal: AbortSignal): Promise<Record<string, BreakerState>>;
}

/** The caller's signal ends each call earlier. */
const timeoutMs = 30_000;
const healthTimeoutMs = 2_000;

export function loadClient(url: string, healthUrl: string): LoadClient {
  const at = (id: string) => `${url}/faults/${encodeURIComponent(id)}`;
  return {
    named: (signal) => callJson(`${url}/faults`, loadFaultsSchema, { timeoutMs, signal }),
    start: async (id, body, signal) => {
      await callJson(at(id), loadFaultStatusSchema, { method: 'PUT', body, timeoutMs, signal });
    },
    status: async (id, signal) => {
      try {
        return await callJson(at(id), loadFaultStatusSchema, { timeoutMs, signal });
      } catch (error) {
        if (error instanceof EncoreError && error.code === 'UNKNOWN_FAULT') return null;
        throw error;
      }
    },
    quickCall: async (id, signal) => {
      const options = { method: 'POST', body: {}, timeoutMs, signal } as const;
      await callJson(`${at(id)}/quick-call`, quickCallSchema, options);
    },
    stop: async (id, action, signal) => {
      await callText(`${at(id)}?action=${action}`, { method: 'DELETE', timeoutMs, signal });
    },
    breakers: async (signal) => {
      const options = { timeoutMs: healthTimeoutMs, signal };
      const { circuit_breakers } = await callJson(`${healthUrl}/health/detailed`, serverHealthSchema, options);
      return Object.fromEntries(Object.entries(circuit_breakers).map(([name, { state }]) => [name, state]));
    },
  };
}
