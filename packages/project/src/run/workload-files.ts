/** Finds what a run copies of a workload: the folder of a module, or a YAML file alone. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

export interface WorkloadFiles {
  /** The folder or the file to copy. */
  source: string;
  /** Path of the workload below the copy's folder. */
  path: string;
}

/** Large enough for a workload with its fixtures, too small for a project. */
const maxBytes = 20_000_000;
const megabyte = 1_000_000;

export async function findWorkload(
  workload: string | undefined,
  folder: string,
): Promise<{ ok: true; files: WorkloadFiles } | { ok: false; problems: string[] }> {
  if (workload === undefined)
    return {
      ok: false,
      problems: ['workload: is missing; give the path of a module or a YAML file (docs/WORKLOADS.md)'],
    };
  const path = resolve(folder, workload);
  const isFile = await lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return { ok: false, problems: [`workload: ${workload}: no such file in ${folder}`] };
  // A YAML workload reads no other file.
  if (/\.ya?ml$/.test(path)) return { ok: true, files: { source: path, path: `workload/${basename(path)}` } };
  const source = dirname(path);
  const bytes = await sizeOf(source);
  if (bytes > maxBytes)
    return {
      ok: false,
      problems: [
        `workload: a run copies its folder, and ${source} has more than ${maxBytes / megabyte} MB; move ${basename(path)} into a folder of its own`,
      ],
    };
  return { ok: true, files: { source, path: `workload/${basename(path)}` } };
}

/** Stops counting above the limit. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await sizeOf(path) : (await lstat(path)).size;
    if (bytes > maxBytes) break;
  }
  return bytes;
}
