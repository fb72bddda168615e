/** Where the lab without Docker keeps its things, and what of the environment its programs may see. */
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, readEnv } from '@encore/kit';
import { readServerConfig, serverMemoryVariable } from '@encore/server/config';
import { scratchOf } from './lab-folder.ts';

export interface HostEnvironment {
  /** Folders for what outlives a run (programs, compile cache, histories), the best first. */
  readonly homes: readonly string[];
  /** A short place for sockets, whose paths must not be long. */
  readonly temporary: string;
  /** The server's own settings, where somebody wants others than server_config.json. */
  readonly serverConfig: string | undefined;
  /** What every program gets: no setting of the user's reaches a service. */
  readonly base: Readonly<Record<string, string>>;
}

export function readHostEnvironment(env: NodeJS.ProcessEnv): HostEnvironment {
  const root = process.getuid?.() === 0;
  const chosen = env['ENCORE_HOME'];
  const candidates = [
    // Another user must be able to enter it: root does not run the database as root.
    root ? '/var/cache/encore' : undefined,
    env['XDG_CACHE_HOME'] ? join(env['XDG_CACHE_HOME'], 'encore') : undefined,
    root ? undefined : cacheInHome(),
    join(tmpdir(), `encore-${process.getuid?.() ?? 'user'}`),
  ];
  const base = Object.entries({ PATH: env['PATH'], TZ: env['TZ'], LANG: env['LANG'] }).flatMap(([name, value]) =>
    value ? [[name, value]] : [],
  );
  return {
    // What the user chose is never left for another place without a word.
    homes: chosen ? [chosen] : candidates.filter((path) => path !== undefined),
    temporary: tmpdir(),
    serverConfig: env['ENCORE_SERVER_CONFIG'] || undefined,
    base: Object.fromEntries(base),
  };
}

const memoryShape = { ENCORE_SERVER_MEMORY_BYTES: serverMemoryVariable.default(512 * 1_048_576) };

/** The memory limit of the server under test, as docker-compose.yml takes it. */
export function serverMemoryBytes(env: NodeJS.ProcessEnv): number {
  return readEnv(memoryShape, env).ENCORE_SERVER_MEMORY_BYTES;
}

/** The settings file of the server under test. */
export function serverConfigOf({ serverConfig }: HostEnvironment, root: string): string {
  return resolve(serverConfig ?? join(root, 'server_config.json'));
}

/** Why the server would refuse its settings, one line each; empty when it would start. */
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

/** None for a user whom this machine does not know (a container started with `--user 12345`) and who sets no HOME. */
function cacheInHome(): string | undefined {
  try {
    return join(homedir(), '.cache', 'encore');
  } catch {
    return undefined;
  }
}
