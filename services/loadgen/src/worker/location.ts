/** Describes an exception of a workload, with the place in its folder that it came from. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Located {
  problem: string;
  /** Such as `encore.workload.mts:12:5`, relative to the workload's folder; null if unknown. */
  location: string | null;
}

const maxProblem = 500;

/** `workload` is the URL of the workload's file. */
export function locationOf(error: unknown, workload: string): Located {
  if (!(error instanceof Error)) return { problem: `threw ${String(error)}`.slice(0, maxProblem), location: null };
  const problem = `${error.name}: ${error.message}`.slice(0, maxProblem);
  return { problem, location: innermost(error.stack ?? '', workload) };
}

/** Returns file and place if the file is in the workload's folder and not of a library. */
export function placeOf(url: string, place: string, workload: string): string | null {
  const folder = folderOf(workload);
  if (!url.startsWith(folder) || url.includes('/node_modules/')) return null;
  return `${fileURLToPath(url).slice(fileURLToPath(folder).length)}:${place}`;
}

/** URL of the folder, with a slash at its end. */
export function folderOf(workload: string): string {
  return `${dirname(workload)}/`;
}

/** The innermost frame within the workload's folder. */
function innermost(stack: string, workload: string): string | null {
  for (const line of stack.split('\n')) {
    const [, url = '', place = ''] = /(file:\/\/\/[^()]+?):(\d+:\d+)\)?$/.exec(line.trim()) ?? [];
    const found = placeOf(url, place, workload);
    if (found !== null) return found;
  }
  return null;
}
