/** The schema of server_config.json, which sets the limits of the server. */
import { z } from 'zod';

const seconds = (max: number) => z.number().positive().max(max);
const count = (max: number) => z.number().int().min(1).max(max);
const mebibytes = count(1024 * 1024);

/** Times are in seconds; sizes are in bytes unless the name has another unit. */
export const serverConfigSchema = z.strictObject({
  max_concurrent_requests: count(10_000).default(32),
  max_queued_requests: z.number().int().min(0).max(10_000).default(128),
  /** How long a request may wait for a slot. */
  queue_timeout: seconds(60).default(1),
  /** One whole request, including the transfer of its body. */
  request_timeout: seconds(3600).default(60),
  /** The work of one tool call, without the wait for a slot. */
  tool_timeout: seconds(3600).default(15),
  /** One upload, after decompression. */
  max_request_size: count(1024 ** 3).default(50 * 1024 * 1024),
  /** One MCP message, which is kept in memory as a whole. */
  max_message_size: count(64 * 1024 * 1024).default(4 * 1024 * 1024),
  memory_limit_mb: mebibytes.default(512),
  max_connections: count(100_000).default(2_000),
  /** All incomplete uploads in the scratch folder together. */
  spool_limit_mb: mebibytes.default(60),
  rate_limit: z
    .strictObject({
      /** For a client that sends X-Client-Id. */
      client_per_second: count(1_000_000).default(100),
      /** For all clients of one address that send none: behind a proxy, those are all clients. */
      address_per_second: count(1_000_000).default(5_000),
      /** The burst size, in seconds of the rate. */
      burst_seconds: seconds(60).default(2),
    })
    .prefault({}),
  database: z
    .strictObject({
      connections: count(500).default(10),
      connect_timeout: seconds(60).default(2),
      query_timeout: seconds(60).default(4),
    })
    .prefault({}),
  breaker: z
    .strictObject({
      failures: count(1_000).default(5),
      open_seconds: seconds(3600).default(60),
      successes: count(100).default(2),
      database_open_seconds: seconds(3600).default(5),
    })
    .prefault({}),
  /** The processes that parse untrusted input and run long analyses. */
  workers: z
    .strictObject({
      processes: count(64).default(2),
      heap_mb: count(16_384).default(192),
      max_queued: count(10_000).default(64),
      idle_seconds: seconds(3600).default(30),
    })
    .prefault({}),
  cache: z.strictObject({ scores: count(10_000).default(200), megabytes: mebibytes.default(48) }).prefault({}),
  retention: z
    .strictObject({ max_age_hours: z.number().positive().default(48), max_total_mb: mebibytes.default(20 * 1024) })
    .prefault({}),
});
export type ServerConfig = z.infer<typeof serverConfigSchema>;
