/** The guard as the scheduler sees it. */
import {
  type InjectAnswer,
  type InjectRequest,
  injectAnswerSchema,
  type UndoAnswer,
  undoAnswerSchema,
} from '@encore/contracts';
import { callJson, nothingSchema } from '@encore/kit';

export interface GuardClient {
  inject(request: InjectRequest, signal?: AbortSignal): Promise<InjectAnswer>;
  renew(faultId: string, ttlMs: number): Promise<void>;
  release(faultId: string): Promise<UndoAnswer>;
}

/** An act and its bite check may take long (a graceful restart); an undo has its own deadline in the guard. */
const injectMs = 40_000;
const undoMs = 40_000;
const renewMs = 2_000;

export function guardClient(url: string): GuardClient {
  return {
    inject: (body) => callJson(`${url}/faults`, injectAnswerSchema, { method: 'POST', body, timeoutMs: injectMs }),
    renew: async (faultId, ttlMs) => {
      await callJson(`${url}/faults/${faultId}/lease`, nothingSchema, {
        method: 'PUT',
        body: { ttlMs },
        timeoutMs: renewMs,
      });
    },
    release: (faultId) =>
      callJson(`${url}/faults/${faultId}`, undoAnswerSchema, { method: 'DELETE', timeoutMs: undoMs }),
  };
}
