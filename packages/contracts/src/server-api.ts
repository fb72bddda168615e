/**
 * The server's API for users (port 8000, through the Toxiproxy proxy `server:8000`).
 *
 *   POST   /mcp             MCP Streamable HTTP: tools import_score, key_analysis, ...
 *   PUT    /scores/:id      body: MusicXML, .mxl or MIDI, streamed; header Idempotency-Key
 *                           -> 201 storedScore (200 if replayed)
 *                           If-Match: "<version>" replaces that version -> 200 storedScore | 412
 *   GET    /scores/:id      -> 200 the stored bytes; headers ETag "<version>", Digest-SHA256 <hex>
 *   DELETE /scores/:id      -> 204 | 404
 *   GET    /scores?prefix=P&after=ID&limit=N
 *                           -> 200 {scores: storedScore[], next}, with ids that start with P
 *
 * Errors are {error: {code, message, definite}} with 4xx or 5xx; 503 and 429 carry Retry-After.
 * `definite`: the request certainly had no effect. On /mcp, the same error as JSON-RPC:
 * {jsonrpc, id: null, error: {code, message, data: {code, definite}}}.
 * The load generator distinguishes these codes: OVERLOADED, RATE_LIMITED, BREAKER_OPEN,
 * DATABASE_UNAVAILABLE, DRAINING.
 *
 * Port 8001: GET /health/live, /health/ready, /health (= ready), /health/detailed, /metrics.
 */
import { z } from 'zod';

export const scoreIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -');
export const idempotencyKeySchema = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, 'must be 8 to 64 of A-Z a-z 0-9 _ -');

export const storedScoreSchema = z.object({
  id: scoreIdSchema,
  version: z.number().int().min(1),
  bytes: z.number().int(),
  sha256: z.string(),
  format: z.enum(['musicxml', 'mxl', 'midi']),
  replayed: z.boolean(),
});
export type StoredScore = z.infer<typeof storedScoreSchema>;

/** import_score: `content` is MusicXML text or, with `encoding: base64`, .mxl or MIDI. */
export const importScoreInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  content: z.string(),
  encoding: z.enum(['text', 'base64']).default('text'),
  idempotency_key: idempotencyKeySchema.optional(),
});
export const importScoreOutputSchema = z.object({
  score_id: scoreIdSchema,
  version: z.number().int(),
  sha256: z.string(),
  format: z.enum(['musicxml', 'mxl', 'midi']),
  parts: z.number().int(),
  measures: z.number().int(),
  notes: z.number().int(),
  /** Input that the reader ignored or guessed; absent if there is none. */
  warnings: z.array(z.string()).optional(),
});

export const exportScoreInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  format: z.enum(['musicxml', 'midi', 'json']).default('musicxml'),
});
export const exportScoreOutputSchema = z.object({
  score_id: scoreIdSchema,
  version: z.number().int(),
  format: z.enum(['musicxml', 'midi', 'json']),
  encoding: z.enum(['text', 'base64']),
  content: z.string(),
  sha256: z.string(),
});

export const deleteScoreInputSchema = z.strictObject({ score_id: scoreIdSchema });
export const deleteScoreOutputSchema = z.object({ score_id: scoreIdSchema, deleted: z.boolean() });

/** A prefix of an id, possibly empty. The pattern also excludes NUL, which the database rejects. */
const idPartSchema = z.string().regex(/^[A-Za-z0-9_-]{0,64}$/, 'must be at most 64 of A-Z a-z 0-9 _ -');
export const listScoresInputSchema = z.strictObject({
  prefix: idPartSchema.default(''),
  after: idPartSchema.default(''),
  limit: z.number().int().min(1).max(1_000).default(100),
});
export const listScoresOutputSchema = z.object({
  scores: z.array(storedScoreSchema.omit({ replayed: true })),
  /** The `after` of the next page; null on the last one. */
  next: z.string().nullable(),
});

/** Output of health_check and GET /health/detailed. */
export const serverHealthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy', 'stopping']),
  uptime_seconds: z.number(),
  memory: z.object({
    level: z.enum(['normal', 'elevated', 'high', 'critical']),
    used_bytes: z.number(),
    limit_bytes: z.number(),
    source: z.enum(['file', 'cgroup-v2', 'cgroup-v1', 'config']),
  }),
  requests: z.object({ active: z.number(), queued: z.number(), heavy: z.number(), heavy_queued: z.number() }),
  circuit_breakers: z.record(
    z.string(),
    z.object({
      state: z.enum(['closed', 'open', 'half_open']),
      /** Calls in the last 10 s. */
      recent: z.object({ calls: z.number(), failures: z.number(), refused: z.number() }),
    }),
  ),
  database: z.object({
    answers: z.boolean(),
    migrated: z.boolean(),
    total: z.number(),
    idle: z.number(),
    waiting: z.number(),
  }),
  workers: z.object({ processes: z.number(), busy: z.number(), queued: z.number(), quarantined: z.number() }),
  cache: z.object({ scores: z.number(), bytes: z.number() }),
  /** Full garbage collections so far, and bytes in use after the last one, including buffers. */
  collections: z.object({ count: z.number(), bytes_after: z.number().nullable() }),
  spool_bytes: z.number(),
});
export type ServerHealth = z.infer<typeof serverHealthSchema>;

export const cleanupMemoryOutputSchema = z.object({
  scores_dropped: z.number().int(),
  used_bytes_before: z.number(),
  used_bytes_after: z.number(),
});

/** Error body of the REST routes and of tools (`structuredContent.error` with isError true). */
export const serverErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), definite: z.boolean() }),
});

/** The same error as JSON-RPC, for a POST /mcp refused unread (403, 408, 413, 429, 503). */
export const rpcRefusalSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.null(),
  error: z.object({
    code: z.number().int(),
    message: z.string(),
    data: z.object({ code: z.string(), definite: z.boolean() }),
  }),
});
export type RpcRefusal = z.infer<typeof rpcRefusalSchema>;
