/** Load faults, which the load generator carries out as its workload defines them. */
import {
  type LoadFaultRequest,
  type LoadFaultStatus,
  type LoadFaults,
  loadFaultStatusSchema,
  loadFaultsSchema,
  quickCallSchema,
} from '@encore/contracts';
import { callJson, callText, EncoreError } from '@encore/kit';

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
}

/** The caller's signal ends each call earlier. */
const timeoutMs = 30_000;

export function loadClient(url: string): LoadClient {
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
  };
}
