/**
 * Adds the optional platform packages that npm leaves out of the lock file when the registry in use
 * does not carry them. Without these entries `npm ci` refuses the lock file on every platform
 * ("Missing: ... from lock file").
 *
 * Run it after every `npm install`: `node scripts/complete-lockfile.ts`. The entries have no
 * integrity, because nothing was downloaded; npm fetches these packages unverified.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
}
interface Lockfile {
  packages: Record<string, LockedPackage>;
}

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;

/** Paths at which npm may have installed `name` for the package at `path`, nearest first. */
function candidates(path: string, name: string): string[] {
  const paths = [`${path}/node_modules/${name}`];
  for (let cut = path.lastIndexOf('/node_modules/'); cut >= 0; cut = path.lastIndexOf('/node_modules/', cut - 1)) {
    paths.push(`${path.slice(0, cut)}/node_modules/${name}`);
  }
  return [...paths, `node_modules/${name}`];
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (candidates(path, name).some((place) => lock.packages[place] !== undefined)) continue;
    lock.packages[`node_modules/${name}`] = { version, ...(entry.dev === true && { dev: true }), optional: true };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`complete-lockfile: ${added} optional entries added\n`);
