/**
 * The folders of the embedded lab.
 *
 *   home/cache/    PostgreSQL's programs, Node's compile cache
 *   home/runs/OF/  history and ledger of the last runs of one checkout, for `report`
 *   home/labs/PID/ one lab: database, journal, scratch, logs; removed when the lab ends
 */
import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { createFolder, describeError, EncoreError, sha256Hex } from '@encore/kit';

/** A socket path may have at most 104 bytes on macOS and 108 on Linux. */
const maxSocketPath = 100;
/** PostgreSQL's initdb passes its own path to a shell in double quotes. */
const unsafe = /[$"`\\]/;
const keptRuns = 20;

/** Folders of the machine that the lab may use. */
export interface HostFolders {
  /**
   * Candidate folders for data that outlives a run (programs, compile cache, histories), best
   * first.
   */
  readonly homes: readonly string[];
  /** A folder with a short path, for sockets. */
  readonly temporary: string;
}

export interface LabFolder {
  readonly path: string;
  readonly cache: string;
  readonly runs: string;
  readonly logs: string;
  readonly engineSocket: string;
  /** Scratch folder of the server. */
  readonly scratch: string;
  /** Creates a subfolder with this name and returns its path. */
  sub(name: string): string;
}

/** Folder in this home for the runs of the checkout at `root`. */
export function runsOf(home: string, root: string): string {
  return join(home, 'runs', `${basename(root)}-${sha256Hex(root).slice(0, 8)}`);
}

/**
 * Where the server of this process's lab spools uploads. Creates the home folder if it is missing,
 * but not this one.
 */
export function scratchOf({ homes }: Pick<HostFolders, 'homes'>, pid: number): string {
  return join(labOf(findHome(homes), pid), 'scratch');
}

export const labsOf = (home: string): string => join(home, 'labs');
const labOf = (home: string, pid: number): string => join(labsOf(home), String(pid));

export function openLabFolder(host: HostFolders, root: string, pid: number): LabFolder {
  const home = findHome(host.homes);
  folder(labsOf(home));
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

/**
 * Why the home chosen by the user cannot be used, as a sentence; null when it can. Creates the
 * folder.
 */
export function problemOfHome(path: string): string | null {
  const right = 'expected the absolute path of a folder that you own and can write to, or that can be created';
  const wrong = (why: string) => `ENCORE_HOME: ${JSON.stringify(path)} cannot be used (${why}); ${right}`;
  if (!isAbsolute(path)) return wrong('it is not an absolute path');
  if (unsafe.test(path)) return wrong('PostgreSQL does not start from a path with $, ", ` or \\');
  try {
    if (!statSync(folder(path)).isDirectory()) return wrong('it is a file');
    findHome([path]);
    folder(labsOf(path));
    return null;
  } catch (error) {
    return wrong(error instanceof EncoreError ? 'you do not own it or cannot write to it' : describeError(error));
  }
}

/**
 * The first writable home that we own. In a shared folder such as /tmp, another user's is skipped.
 */
function findHome(candidates: readonly string[]): string {
  const uid = process.getuid?.();
  for (const path of candidates) {
    if (unsafe.test(path)) continue;
    try {
      folder(path);
      if (!statSync(path).isDirectory()) continue;
      accessSync(path, constants.W_OK | constants.X_OK);
      if (uid === undefined || statSync(path).uid === uid) return path;
    } catch {
      // Unusable: try the next one.
    }
  }
  throw new EncoreError(
    'NO_FOLDER',
    `none of these folders is writable: ${candidates.join(', ')}. Set ENCORE_HOME to a folder that you can write to`,
  );
}

/**
 * Lets other users enter, so that the database's user reaches its data; private files have their
 * own mode.
 */
function folder(path: string, mode = 0o755): string {
  return createFolder(path, mode);
}

/**
 * Counts the runs of all checkouts, because a deleted checkout would never clean up after itself.
 */
function removeOldRuns(runs: string): void {
  const byAge = readdirSync(runs, { withFileTypes: true })
    .filter((checkout) => checkout.isDirectory())
    .flatMap(({ name: checkout }) => readdirSync(join(runs, checkout)).map((name) => join(runs, checkout, name)))
    .map((path) => ({ path, changedMs: statSync(path).mtimeMs }))
    .sort((a, b) => b.changedMs - a.changedMs);
  for (const { path } of byAge.slice(keptRuns)) rmSync(path, { recursive: true, force: true });
}
