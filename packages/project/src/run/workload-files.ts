/**
 * Finds what a run copies of a workload: the folder of a module, or a YAML file alone, whose
 * mistakes are found before anything starts.
 */
import { cp, lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeError } from '@encore/kit';
import { readTextFile } from '@encore/kit/text-file';

export interface WorkloadFiles {
  /** The workload. */
  file: string;
  /** The folder or the file to copy. */
  source: string;
  /** Path of the workload below the copy's folder. */
  path: string;
  copied: CopiedFile[];
}

export interface CopiedFile {
  /** Below the folder. */
  path: string;
  bytes: number;
}

export const missingWorkload = 'workload: is missing; expected the path of a module or a YAML file (docs/WORKLOADS.md)';

const kilobyte = 1 << 10;
const megabyte = 1 << 20;
/** Large enough for a workload with its fixtures, too small for a project. */
const maxBytes = 20 * megabyte;
/** Entries that a refusal lists. */
const maxShown = 5;
/** Files that a dry run lists. */
const maxListed = 20;

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
  const copy = `workload/${basename(path)}`;
  // A YAML workload reads no other file.
  if (/\.ya?ml$/.test(path)) {
    const problems = await mistakesIn(path, workload);
    if (problems.length > 0) return { ok: false, problems };
    return {
      ok: true,
      files: { file: path, source: path, path: copy, copied: await filesBelow(dirname(path), basename(path)) },
    };
  }
  const source = dirname(path);
  const entries = await entriesOf(source);
  const copied = entries.flatMap(({ files }) => files);
  if (bytesOf(copied) > maxBytes)
    return {
      ok: false,
      problems: [
        `workload: a run copies its folder, and ${source} holds more than ${sizeText(maxBytes)}; move ${basename(path)} into a folder of its own. Its largest entries:`,
        ...entries
          .sort((a, b) => bytesOf(b.files) - bytesOf(a.files))
          .slice(0, maxShown)
          .map(({ name, files }) => `  ${name}: ${sizeText(bytesOf(files))}`),
      ],
    };
  return { ok: true, files: { file: path, source, path: copy, copied } };
}

/** Copies what a run needs below the folder, and returns the path of the workload there. */
export async function copyWorkload({ file, source, path }: WorkloadFiles, folder: string): Promise<string> {
  const copy = join(folder, path);
  await mkdir(dirname(copy), { recursive: true });
  await cp(source, source === file ? copy : dirname(copy), { recursive: true });
  return copy;
}

/** Lists for `--dry-run` what a run copies. */
export function workloadFilesText({ source, copied }: WorkloadFiles): string[] {
  const rest = copied.length - maxListed;
  return [
    `Files of the workload that a run copies: ${copied.length}, ${sizeText(bytesOf(copied))} (at most ${sizeText(maxBytes)})`,
    ...copied.slice(0, maxListed).map(({ path, bytes }) => `  ${path}  ${sizeText(bytes)}`),
    ...(rest > 0 ? [`  and ${rest} more in ${source}`] : []),
  ];
}

/** One line per mistake, with line and column. `shown` names the file. */
async function mistakesIn(path: string, shown: string): Promise<string[]> {
  const file = readTextFile(path, {
    maxBytes: megabyte,
    tooLarge: 'larger than 1 MB; a workload needs a few kilobytes',
  });
  if (!file.ok) return [`${shown}: ${file.problem}`];
  const { readYamlWorkload } = await import('@encore/workload/yaml');
  try {
    readYamlWorkload(file.text, shown);
    return [];
  } catch (error) {
    return describeError(error).split('\n');
  }
}

/** The files and folders in a folder, each with all its files. */
async function entriesOf(folder: string): Promise<{ name: string; files: CopiedFile[] }[]> {
  const entries: { name: string; files: CopiedFile[] }[] = [];
  for (const name of (await readdir(folder)).sort()) entries.push({ name, files: await filesBelow(folder, name) });
  return entries;
}

/** The file at this path, or those in the folder there. Stops above the limit. */
async function filesBelow(folder: string, path: string): Promise<CopiedFile[]> {
  const found = await lstat(join(folder, path));
  if (!found.isDirectory()) return [{ path, bytes: found.size }];
  const files: CopiedFile[] = [];
  let bytes = 0;
  for (const name of (await readdir(join(folder, path))).sort()) {
    const inner = await filesBelow(folder, join(path, name));
    files.push(...inner);
    bytes += bytesOf(inner);
    if (bytes > maxBytes) break;
  }
  return files;
}

function bytesOf(files: readonly CopiedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function sizeText(bytes: number): string {
  if (bytes > maxBytes) return `more than ${sizeText(maxBytes)}`;
  return bytes < megabyte ? `${(bytes / kilobyte).toFixed(1)} KB` : `${(bytes / megabyte).toFixed(1)} MB`;
}
