/**
 * Fetches the server's own status, for the monitor and for optional memory rules. No default rule
 * depends on it, because a faulty server may report anything.
 */
import { callJson } from '@encore/kit';
import { z } from 'zod';
import type { ServerDetail } from '../progress/run-view.ts';

const maxBreakers = 50;
const breakersSchema = z.record(z.string(), z.looseObject({ state: z.string() }));
const detailSchema = z.looseObject({
  status: z.string().catch('unknown'),
  uptime_seconds: z.number().nullable().catch(null),
  requests: z.looseObject({ active: z.number(), queued: z.number() }).nullable().catch(null),
  circuit_breakers: breakersSchema.catch({}),
  collections: z.looseObject({ count: z.number(), bytes_after: z.number() }).nullable().catch(null),
});

/** Null if the server does not respond. */
export async function fetchServerDetail(url: string, signal: AbortSignal): Promise<ServerDetail | null> {
  try {
    const detail = await callJson(url, detailSchema, { timeoutMs: 1_000, signal });
    const breakers = Object.entries(detail.circuit_breakers).slice(0, maxBreakers);
    return {
      status: detail.status,
      uptimeSeconds: detail.uptime_seconds,
      requests: detail.requests && { active: detail.requests.active, queued: detail.requests.queued },
      collections: detail.collections && {
        count: detail.collections.count,
        bytesAfter: detail.collections.bytes_after,
      },
      breakers: Object.fromEntries(breakers.map(([name, { state }]) => [name, state])),
    };
  } catch {
    return null;
  }
}
