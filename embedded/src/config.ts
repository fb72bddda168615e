/** Folders and environment of the embedded lab's programs. */
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, readEnv } from '@encore/kit';
import { readServerConfig, serverMemoryVariable } from '@encore/server/config';
import { type HostFolders, scratchOf } from './lab-folder.ts';

export interface HostEnvironment extends HostFolders {
  /** Path of the server's settings file when it is not server_config.json. */
  readonly serverConfig: string | undefined;
  /** Environment of every program. No other variable of the user reaches a service. */
  readonly base: Readonly<Record<string, string>>;
}

export function readHostEnvironment(env: NodeJS.ProcessEnv): HostEnvironment {
  const root = process.getuid?.() === 0;
  const chosen = env['ENCORE_HOME'];
  const candidates = [
    // Other users must be able to enter it, because the database does not run as root.
    root ? '/var/cache/encore' : undefined,
    env['XDG_CACHE_HOME'] ? join(env['XDG_CACHE_HOME'], 'encore') : undefined,
    root ? undefined : cacheInHome(),
    join(tmpdir(), `encore-${process.getuid?.() ?? 'user'}`),
  ];
  const base = Object.entries({ PATH: env['PATH'], TZ: env['TZ'], LANG: env['LANG'] }).flatMap(([name, value]) =>
    value ? [[name, value]] : [],
  );
  return {
    // If the user's choice cannot be used, the lab refuses to start instead of choosing another
    // folder.
    homes: chosen ? [chosen] : candidates.filter((path) => path !== undefined),
    temporary: tmpdir(),
    serverConfig: env['ENCORE_SERVER_CONFIG'] || undefined,
    base: Object.fromEntries(base),
  };
}

/** Variables that only docker-compose.yml reads. */
const dockerOnly = [
  'ENCORE_PORT_PROMETHEUS',
  'ENCORE_PORT_GRAFANA',
  'ENCORE_DOCKER_SOCKET',
  'ENCORE_SERVER_SCRATCH_MB',
] as const;

/** The variables that the user set although this lab does not read them. */
export function unusedVariables(given: NodeJS.ProcessEnv): string[] {
  return dockerOnly.filter((name) => given[name]);
}

const memoryShape = { ENCORE_SERVER_MEMORY_BYTES: serverMemoryVariable.default(512 * 1_048_576) };

/**
 * Memory limit of the server under test in bytes, from the same variable as in docker-compose.yml.
 */
export function serverMemoryBytes(env: NodeJS.ProcessEnv): number {
  return readEnv(memoryShape, env).serverMemoryBytes;
}

/** Path of the settings file of the server under test. */
export function serverConfigOf({ serverConfig }: HostEnvironment, root: string): string {
  return resolve(serverConfig ?? join(root, 'server_config.json'));
}

/** Problems with the server's settings, one line each; empty when the server accepts them. */
export function problemsOfServer(env: NodeJS.ProcessEnv, root: string): string[] {
  const host = readHostEnvironment(env);
  const problems: string[] = [];
  const attempt = <Value>(read: () => Value): Value | null => {
    try {
      return read();
    } catch (error) {
      problems.push(messageOf(error));
      return null;
    }
  };
  const memoryBytes = attempt(() => serverMemoryBytes(env));
  const scratchDir = attempt(() => scratchOf(host, process.pid)) ?? host.temporary;
  return [...problems, ...readServerConfig(serverConfigOf(host, root), { scratchDir, memoryBytes }).problems];
}

/**
 * Undefined for a user without a passwd entry (a container started with `--user 12345`) and without
 * HOME.
 */
function cacheInHome(): string | undefined {
  try {
    return join(homedir(), '.cache', 'encore');
  } catch {
    return undefined;
  }
}
