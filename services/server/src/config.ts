/**
 * Reads the settings of the server: wiring from the environment, limits from server_config.json.
 * Reports all problems at once.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, EncoreError, messageOf, portVariable, readEnv, schemaProblems } from '@encore/kit';
import { z } from 'zod';
import { capacityOf, limitProblems } from './limit-problems.ts';

const seconds = (max: number) => z.number().positive().max(max);
const count = (max: number) => z.number().int().min(1).max(max);
const mebibytes = count(1024 * 1024);

/**
 * server_config.json. Times are in seconds; sizes are in bytes unless the name has another unit.
 */
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

const defaultPath = 'server_config.json';
const defaultScratch = join(tmpdir(), 'encore-scratch');

const memoryError = 'must be a whole number of bytes of at least 134217728 (128 MB), such as 536870912';
/**
 * The memory of the container. With less than this minimum, the server cannot start or sheds every
 * request.
 */
export const serverMemoryVariable = z.coerce
  .number({ error: memoryError })
  .int(memoryError)
  .min(128 * 1_048_576, memoryError);

const environmentShape = {
  ENCORE_HOST: z.string().default('127.0.0.1'),
  ENCORE_PORT: portVariable.default(8000),
  ENCORE_HEALTH_PORT: portVariable.default(8001),
  ENCORE_DATABASE_URL: z.url().default('postgres://encore:encore@127.0.0.1:5432/encore'),
  ENCORE_SERVER_CONFIG: z.string().default(defaultPath),
  /** The memory limit that the container was created with. */
  ENCORE_SERVER_MEMORY_BYTES: serverMemoryVariable.optional(),
  ENCORE_SCRATCH_DIR: z.string().default(defaultScratch),
  /**
   * The accepted Host and Origin names. Others are refused, so that no other site's page can reach
   * the server.
   */
  ENCORE_ALLOWED_HOSTS: z.string().default('localhost,127.0.0.1'),
  /** A file with the live memory limit in bytes (decimal), for systems without control groups. */
  ENCORE_MEMORY_LIMIT_FILE: z.string().optional(),
  ENCORE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
};

export interface Settings {
  host: string;
  port: number;
  healthPort: number;
  databaseUrl: string;
  scratchDir: string;
  allowedHosts: string[];
  memoryLimitFile: string | null;
  logLevel: string;
  limits: ServerConfig;
}

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const problems: string[] = [];
  let environment: z.infer<z.ZodObject<typeof environmentShape>> | undefined;
  try {
    environment = readEnv(environmentShape, env);
  } catch (error) {
    problems.push(messageOf(error));
  }
  const read = readServerConfig(environment?.ENCORE_SERVER_CONFIG ?? (env['ENCORE_SERVER_CONFIG'] || defaultPath), {
    scratchDir: environment?.ENCORE_SCRATCH_DIR ?? defaultScratch,
    memoryBytes: environment?.ENCORE_SERVER_MEMORY_BYTES ?? null,
  });
  problems.push(...read.problems);
  if (!environment || !read.limits || problems.length > 0)
    throw new EncoreError('INVALID_CONFIG', problems.join('\n'), { status: 400, definite: true });
  return {
    host: environment.ENCORE_HOST,
    port: environment.ENCORE_PORT,
    healthPort: environment.ENCORE_HEALTH_PORT,
    databaseUrl: environment.ENCORE_DATABASE_URL,
    scratchDir: environment.ENCORE_SCRATCH_DIR,
    allowedHosts: environment.ENCORE_ALLOWED_HOSTS.split(',').map((name) => name.trim().toLowerCase()),
    memoryLimitFile: environment.ENCORE_MEMORY_LIMIT_FILE ?? null,
    logLevel: environment.ENCORE_LOG_LEVEL,
    limits: read.limits,
  };
}

/**
 * Reads server_config.json. Each problem is one line with the file, the key, the value and what
 * would be right. If every key is valid alone, the problems are those of keys that contradict each
 * other or exceed the container.
 */
export function readServerConfig(
  path: string,
  { scratchDir, memoryBytes }: { scratchDir: string; memoryBytes: number | null },
): { limits?: ServerConfig; problems: string[] } {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const problem =
      error instanceof SyntaxError ? 'is not JSON' : 'cannot be read; name a JSON file that the server may read';
    return { problems: [`${path}: ${problem} (${describeError(error)})`] };
  }
  const limits = serverConfigSchema.safeParse(given).data;
  const problems = limits
    ? limitProblems(limits, capacityOf(scratchDir, memoryBytes))
    : schemaProblems(serverConfigSchema, given);
  return { ...(limits && { limits }), problems: problems.map((problem) => `${path}: ${problem}`) };
}
