/**
 * Are the packages that the lock file asks for really there? `./encore` asks this when the lock file is younger than the install,
 * before it installs anew: a checkout touches files that did not change. Runs on any Node from 20 on; development
 * tools and packages for other platforms do not count.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2] ?? '.';
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const missing = Object.entries(read('package-lock.json').packages).filter(([path, entry]) => {
  if (!path.includes('node_modules/') || entry.link || entry.dev || entry.devOptional) return false;
  const forThisPlatform = entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch) && !entry.libc;
  if (entry.optional && !forThisPlatform) return false;
  try {
    return read(join(path, 'package.json')).version !== entry.version;
  } catch {
    return true;
  }
});
process.exitCode = missing.length === 0 ? 0 : 1;
