/**
 * A container's memory and CPU limit, on systems with writable control groups. Whether they are
 * writable is tested by writing, not by user id: root in a container often cannot.
 */
import type { LimitGroup } from './limit-group.ts';
import { openGroupV1 } from './limit-group-v1.ts';
import { openGroupV2 } from './limit-group-v2.ts';

/** Name of the folder with the groups of the lab with this pid. */
export const groupFolder = (labPid: number): string => `encore-${labPid}`;

/** Version of the control groups that are writable here; null where none are. */
export function writableGroups(labPid: number): LimitGroup['version'] | null {
  const group = openLimitGroup(labPid, 'probe');
  group?.remove();
  return group?.version ?? null;
}

export function openLimitGroup(labPid: number, name: string): LimitGroup | null {
  if (process.platform !== 'linux') return null;
  for (const open of [openGroupV1, openGroupV2]) {
    try {
      const group = open(groupFolder(labPid), name);
      if (group) return group;
    } catch {
      // Read-only, not ours, or missing: try the next version.
    }
  }
  return null;
}
