/**
 * Finds what a run copies of a workload: the folder of a module, or a YAML file alone, whose
 * mistakes are found before anything starts.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeError } from '@encore/kit';

export interface WorkloadFiles {
  /** The folder or the file to copy. */
  source: string;
  /** Path of the workload below the copy's folder. */
  path: string;
}

export const missingWorkload = 'workload: is missing; expected the path of a module or a YAML file (docs/WORKLOADS.md)';

/** Large enough for a workload with its fixtures, too small for a project. */
const maxBytes = 20_000_000;
const megabyte = 1_000_000;
/** Entries that a refusal lists. */
const maxShown = 5;

export async function findWorkload(
  workload: string,
  folder: string,
): Promise<{ ok: true; files: WorkloadFiles } | { ok: false; problems: string[] }> {
  const path = resolve(folder, workload);
  const isFile = await lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return { ok: false, problems: [`workload: ${workload}: no such file in ${folder}`] };
  // A YAML workload reads no other file.
  if (/\.ya?ml$/.test(path)) {
    const problems = await mistakesIn(path, workload);
    if (problems.length > 0) return { ok: false, problems };
    return { ok: true, files: { source: path, path: `workload/${basename(path)}` } };
  }
  const source = dirname(path);
  const entries = await sizesIn(source);
  if (entries.reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes)
    return {
      ok: false,
      problems: [
        `workload: a run copies its folder, and ${source} has more than ${maxBytes / megabyte} MB; move ${basename(path)} into a folder of its own. The largest in it:`,
        ...entries.slice(0, maxShown).map(({ name, bytes }) => `  ${name}: ${sizeText(bytes)}`),
      ],
    };
  return { ok: true, files: { source, path: `workload/${basename(path)}` } };
}

/** One line per mistake, with line and column. `shown` names the file. */
async function mistakesIn(path: string, shown: string): Promise<string[]> {
  const { readYamlWorkload } = await import('@encore/workload/yaml');
  try {
    readYamlWorkload(await readFile(path, 'utf8'), shown);
    return [];
  } catch (error) {
    return describeError(error).split('\n');
  }
}

/** The files and folders in a folder, the largest first. */
async function sizesIn(folder: string): Promise<{ name: string; bytes: number }[]> {
  const sizes: { name: string; bytes: number }[] = [];
  for (const name of await readdir(folder)) sizes.push({ name, bytes: await sizeOf(join(folder, name)) });
  return sizes.sort((a, b) => b.bytes - a.bytes);
}

/** Stops counting above the limit. */
async function sizeOf(path: string): Promise<number> {
  const found = await lstat(path);
  if (!found.isDirectory()) return found.size;
  let bytes = 0;
  for (const name of await readdir(path)) {
    bytes += await sizeOf(join(path, name));
    if (bytes > maxBytes) break;
  }
  return bytes;
}

function sizeText(bytes: number): string {
  return bytes > maxBytes ? `more than ${maxBytes / megabyte} MB` : `${(bytes / megabyte).toFixed(1)} MB`;
}
