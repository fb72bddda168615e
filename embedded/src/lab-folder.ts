/**
 * The folders of the lab without Docker.
 *
 *   home/cache/    PostgreSQL's programs, Node's compile cache
 *   home/runs/OF/  history and ledger of the last runs of one checkout, so that `report` finds its own
 *   home/labs/PID/ everything of one lab: database, journal, scratch, logs; gone when the lab is gone
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { describeError, EncoreError, sha256Hex } from '@encore/kit';
import type { HostEnvironment } from './config.ts';
import { isAlive } from './engine/cgroup-files.ts';

/** A socket's path must fit into 104 bytes on macOS, 108 on Linux. */
const maxSocketPath = 100;
const keptRuns = 20;

export interface LabFolder {
  readonly path: string;
  readonly cache: string;
  readonly runs: string;
  readonly logs: string;
  readonly engineSocket: string;
  /** The scratch folder of the server. */
  readonly scratch: string;
  /** A folder of the lab with this name. */
  sub(name: string): string;
}

/** Where in this home the runs of the checkout at `root` are kept. */
export function runsOf(home: string, root: string): string {
  return join(home, 'runs', `${basename(root)}-${sha256Hex(root).slice(0, 8)}`);
}

/** Where the server of this process's lab keeps uploads on their way. The home is made when it is missing, the folder is not. */
export function scratchOf({ homes }: Pick<HostEnvironment, 'homes'>, pid: number): string {
  return join(labOf(findHome(homes), pid), 'scratch');
}

const labOf = (home: string, pid: number): string => join(home, 'labs', String(pid));

export function openLabFolder(host: HostEnvironment, root: string, pid: number): LabFolder {
  const home = findHome(host.homes);
  const labs = folder(join(home, 'labs'));
  removeStale(labs);
  folder(join(home, 'runs'), 0o700);
  const runs = folder(runsOf(home, root), 0o700);
  removeOldRuns(join(home, 'runs'));
  const path = folder(labOf(home, pid));
  const inside = join(path, 'engine.sock');
  const engineSocket =
    inside.length <= maxSocketPath ? inside : join(mkdtempSync(join(host.temporary, 'encore-')), 'engine.sock');
  return {
    path,
    cache: folder(join(home, 'cache')),
    runs,
    logs: folder(join(path, 'logs'), 0o700),
    engineSocket,
    scratch: folder(scratchOf(host, pid), 0o700),
    sub: (name) => folder(join(path, name), 0o700),
  };
}

/** Why the home that the user chose cannot be used, as a sentence; null when it can: it is made for that. */
export function problemOfHome(path: string): string | null {
  const right = 'give the absolute path of a folder that you own and can write, or of one that can be made';
  const wrong = (why: string) => `ENCORE_HOME: ${JSON.stringify(path)} cannot be used (${why}); ${right}`;
  if (!isAbsolute(path)) return wrong('it is not absolute');
  try {
    findHome([path]);
    folder(join(path, 'labs'));
    return null;
  } catch (error) {
    return wrong(error instanceof EncoreError ? 'it is no folder of yours that can be written' : describeError(error));
  }
}

/** The first place that is ours and writable. In a shared place such as /tmp, another user's folder is not taken. */
function findHome(candidates: readonly string[]): string {
  const uid = process.getuid?.();
  for (const path of candidates) {
    try {
      folder(path);
      if (!statSync(path).isDirectory()) continue;
      accessSync(path, constants.W_OK | constants.X_OK);
      if (uid === undefined || statSync(path).uid === uid) return path;
    } catch {
      // Try the next one.
    }
  }
  throw new EncoreError('NO_FOLDER', `none of these folders can be written: ${candidates.join(', ')}`);
}

/** Others may enter, so that the database's user reaches its data; what is private has its own mode. */
function folder(path: string, mode = 0o755): string {
  // One by one: where nothing can be made, as in /proc, Node's recursive way never ends.
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  for (const at of missing) {
    mkdirSync(at);
    chmodSync(at, mode);
  }
  return path;
}

function removeStale(labs: string): void {
  for (const name of readdirSync(labs))
    if (!isAlive(Number(name))) rmSync(join(labs, name), { recursive: true, force: true });
}

/** Of all checkouts together: one that is gone would never clean up after itself. */
function removeOldRuns(runs: string): void {
  const byAge = readdirSync(runs, { withFileTypes: true })
    .filter((checkout) => checkout.isDirectory())
    .flatMap(({ name: checkout }) => readdirSync(join(runs, checkout)).map((name) => join(runs, checkout, name)))
    .map((path) => ({ path, changedMs: statSync(path).mtimeMs }))
    .sort((a, b) => b.changedMs - a.changedMs);
  for (const { path } of byAge.slice(keptRuns)) rmSync(path, { recursive: true, force: true });
}
