/**
 * Exits 0 when every package that the lock file requires on this platform is installed.
 *
 * `./encore` runs it when the lock file is newer than the install, before it installs again: a
 * checkout also changes the times of unchanged files. Needs Node 20 or later. Ignores development
 * tools and packages for other platforms.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2] ?? '.';
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const missing = Object.entries(read('package-lock.json').packages).filter(([path, entry]) => {
  if (!path.includes('node_modules/') || entry.dev || entry.devOptional) return false;
  const forThisPlatform = entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch) && !entry.libc;
  if (entry.optional && !forThisPlatform) return false;
  try {
    // A link leads to a workspace of this checkout, which has no version in the lock file.
    return read(join(path, 'package.json')).version !== entry.version && !entry.link;
  } catch {
    return true;
  }
});
process.exitCode = missing.length === 0 ? 0 : 1;
