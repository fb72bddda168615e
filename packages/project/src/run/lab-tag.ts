/**
 * The tag of the lab's images: a hash of what the Dockerfile copies (.dockerignore leaves
 * out the tests), so that images are built once for each version of the checkout.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const inputs = [
  'Dockerfile',
  '.dockerignore',
  '.npmrc',
  'package.json',
  'package-lock.json',
  'docker',
  'packages',
  'workloads',
  'services/chaos',
  'services/loadgen',
  'services/orchestrator',
];
const tagLength = 12;

export async function labTag(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs)
    for (const path of await filesIn(root, input)) hash.update(`${path}\0`).update(await readFile(join(root, path)));
  return `lab-${hash.digest('hex').slice(0, tagLength)}`;
}

/** Sorted, so that the order of the file system does not matter. */
async function filesIn(root: string, path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (entries === null) return [path];
  const inner = entries
    .filter(({ name }) => name !== 'node_modules' && !name.endsWith('.test.ts'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => (entry.isDirectory() ? filesIn(root, join(path, entry.name)) : [join(path, entry.name)]));
  return (await Promise.all(inner)).flat();
}
