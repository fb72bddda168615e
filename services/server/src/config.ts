/** What the server is told at start: the environment (wiring) and server_config.json (limits). Refused with all problems at once. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, EncoreError, messageOf, portVariable, readEnv, schemaProblems } from '@encore/kit';
import { z } from 'zod';
import { limitProblems, roomOf } from './limit-problems.ts';

const seconds = (max: number) => z.number().positive().max(max);
const count = (max: number) => z.number().int().min(1).max(max);
const mebibytes = count(1024 * 1024);

/** server_config.json. Times are in seconds, sizes in bytes where the name does not say otherwise. */
export const serverConfigSchema = z.strictObject({
  max_concurrent_requests: count(10_000).default(32),
  max_queued_requests: z.number().int().min(0).max(10_000).default(128),
  /** How long a request may wait for its turn. */
  queue_timeout: seconds(60).default(1),
  /** The whole of one request, the transfer of its body included. */
  request_timeout: seconds(3600).default(60),
  /** The work of one tool call. */
  tool_timeout: seconds(3600).default(15),
  /** Of an upload, inflated. */
  max_request_size: count(1024 ** 3).default(50 * 1024 * 1024),
  /** Of one MCP message: it is held whole. */
  max_message_size: count(64 * 1024 * 1024).default(4 * 1024 * 1024),
  memory_limit_mb: mebibytes.default(512),
  max_connections: count(100_000).default(2_000),
  /** Uploads on their way wait in the scratch folder; together they may take this much. */
  spool_limit_mb: mebibytes.default(60),
  rate_limit: z
    .strictObject({
      /** For a client that names itself with X-Client-Id. */
      client_per_second: count(1_000_000).default(100),
      /** For all nameless clients of one address: behind a proxy that is everybody. */
      address_per_second: count(1_000_000).default(5_000),
      /** How many seconds' worth may come at once. */
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
  /** The processes that parse untrusted input and do long analyses. */
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
/** The memory of the container. With less, the server cannot start or sheds every request. */
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
  /** The memory limit that the container was made with. */
  ENCORE_SERVER_MEMORY_BYTES: serverMemoryVariable.optional(),
  ENCORE_SCRATCH_DIR: z.string().default(defaultScratch),
  /** Host and Origin names that may be used to reach the server: a page of another site must not. */
  ENCORE_ALLOWED_HOSTS: z.string().default('localhost,127.0.0.1'),
  /** A file that holds the live memory limit as a decimal number of bytes, where no control group does. */
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
 * Reads server_config.json. Every problem is a line with the file, the key, the value and what would be right: of each
 * key alone, or where all keys are right, of those that do not fit together or not into this container.
 */
export function readServerConfig(
  path: string,
  { scratchDir, memoryBytes }: { scratchDir: string; memoryBytes: number | null },
): { limits?: ServerConfig; problems: string[] } {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const right =
      error instanceof SyntaxError ? 'is not JSON' : 'cannot be read; name a JSON file that the server may read';
    return { problems: [`${path}: ${right} (${describeError(error)})`] };
  }
  const limits = serverConfigSchema.safeParse(given).data;
  const problems = limits
    ? limitProblems(limits, roomOf(scratchDir, memoryBytes))
    : schemaProblems(serverConfigSchema, given);
  return { ...(limits && { limits }), problems: problems.map((problem) => `${path}: ${problem}`) };
}
