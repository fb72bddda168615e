/** The guard as the scheduler sees it. */
import {
  type InjectAnswer,
  type InjectRequest,
  injectAnswerSchema,
  type UndoAnswer,
  undoAnswerSchema,
} from '@encore/contracts';
import { callJson, nothingSchema } from '@encore/kit';
import { kindTiming } from '@encore/plan';

export interface GuardClient {
  inject(request: InjectRequest, signal?: AbortSignal): Promise<InjectAnswer>;
  renew(faultId: string, ttlMs: number): Promise<void>;
  release(faultId: string): Promise<UndoAnswer>;
}

/** An act may take long (a graceful restart), and its bite check comes on top; an undo has its own deadline in the guard. */
const actMs = 32_000;
const undoMs = 40_000;
const renewMs = 2_000;

export function guardClient(url: string): GuardClient {
  return {
    inject: (body) => {
      const timeoutMs = actMs + kindTiming[body.fault.kind].biteSeconds * 1_000;
      return callJson(`${url}/faults`, injectAnswerSchema, { method: 'POST', body, timeoutMs });
    },
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
