/**
 * Ends what is left of labs whose launcher and reaper were killed, and removes their folders. Acts
 * only on processes that such a lab has recorded.
 */
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isAlive } from './engine/cgroup-files.ts';
import { killWithChildren, ownerOf, recordedProcesses } from './engine/process-record.ts';
import { labsOf } from './lab-folder.ts';
import { namesIn, publishedIn } from './running-lab.ts';

export interface FoundLabs {
  /** Of each lab that was removed: the number of its processes that were still running. */
  ended: number[];
  /** The launchers of labs that are still running. */
  running: number[];
}

/** `of`: only the labs of this checkout or project. */
export async function endStaleLabs(homes: readonly string[], of?: string): Promise<FoundLabs> {
  const found: FoundLabs = { ended: [], running: [] };
  for (const folder of homes.flatMap((home) => namesIn(labsOf(home)).map((name) => join(labsOf(home), name)))) {
    if (of !== undefined && publishedIn(folder)?.root !== of) continue;
    const pid = Number(basename(folder));
    const owner = await ownerOf(folder);
    // A lab that has just created its folder has recorded nothing.
    if (typeof owner === 'number' || (owner === undefined && isAlive(pid))) {
      found.running.push(pid);
      continue;
    }
    found.ended.push(killWithChildren(await recordedProcesses(folder)));
    rmSync(folder, { recursive: true, force: true });
  }
  return found;
}
