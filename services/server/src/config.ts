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
import { type ServerConfig, serverConfigSchema } from './server-config.ts';

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

export type Settings = ReturnType<typeof readSettings>;

export function readSettings(env: NodeJS.ProcessEnv) {
  const problems: string[] = [];
  let environment: ReturnType<typeof readEnv<typeof environmentShape>> | undefined;
  try {
    environment = readEnv(environmentShape, env);
  } catch (error) {
    problems.push(messageOf(error));
  }
  const read = readServerConfig(environment?.serverConfig ?? (env['ENCORE_SERVER_CONFIG'] || defaultPath), {
    scratchDir: environment?.scratchDir ?? defaultScratch,
    memoryBytes: environment?.serverMemoryBytes ?? null,
  });
  problems.push(...read.problems);
  if (!environment || !read.limits || problems.length > 0) throw new EncoreError('INVALID_CONFIG', problems.join('\n'));
  const { host, port, healthPort, databaseUrl, scratchDir, memoryLimitFile = null, logLevel } = environment;
  const allowedHosts = environment.allowedHosts.split(',').map((name) => name.trim().toLowerCase());
  return {
    host,
    port,
    healthPort,
    databaseUrl,
    scratchDir,
    allowedHosts,
    memoryLimitFile,
    logLevel,
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
