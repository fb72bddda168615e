/** Removes what carries the label of a run, and nothing else. */
import { realpathSync } from 'node:fs';
import { sha256Hex } from '@encore/kit';
import { labels } from '../generate/labels.ts';
import { docker } from './docker.ts';

const folderIdLength = 6;

/** Beginning of the ids of all runs of a folder, by which a later command finds what they left. */
function folderIdOf(folder: string): string {
  return `${sha256Hex(realpathSync(folder)).slice(0, folderIdLength)}-`;
}

export function newRunId(folder: string, nowMs: number): string {
  return `${folderIdOf(folder)}${Math.floor(nowMs).toString(36)}`;
}

/** In this order: nothing can be removed while something else uses it. */
const sorts = [
  { name: 'containers', list: ['ps', '-aq'], remove: ['rm', '-f', '-v'] },
  { name: 'networks', list: ['network', 'ls', '-q'], remove: ['network', 'rm'] },
  { name: 'volumes', list: ['volume', 'ls', '-q'], remove: ['volume', 'rm', '-f'] },
  { name: 'images', list: ['image', 'ls', '-q'], remove: ['image', 'rm', '-f'] },
] as const;

/** Returns what was removed, such as `7 containers`. Throws DOCKER_FAILED. */
export async function takeDown(runId: string): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, list, remove } of sorts) {
    const found = linesOf(await docker([...list, '--filter', `label=${labels.run}=${runId}`]));
    const ids = [...new Set(found)];
    if (ids.length === 0) continue;
    await docker([...remove, ...ids]);
    removed.push(`${ids.length} ${ids.length === 1 ? name.slice(0, -1) : name}`);
  }
  return removed;
}

/** The runs of this folder of which something is left. */
export async function leftRuns(folder: string): Promise<string[]> {
  const ids = new Set<string>();
  for (const { list } of sorts) {
    const found = linesOf(await docker([...list, '--filter', `label=${labels.run}`]));
    if (found.length === 0) continue;
    const kind = list[0] === 'ps' ? 'container' : list[0];
    const path = kind === 'container' || kind === 'image' ? '.Config.Labels' : '.Labels';
    const format = `{{index ${path} "${labels.run}"}}`;
    for (const id of linesOf(await docker([kind, 'inspect', '--format', format, ...new Set(found)]))) ids.add(id);
  }
  return [...ids].filter((id) => id.startsWith(folderIdOf(folder))).sort();
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
