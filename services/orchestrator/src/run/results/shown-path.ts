/** Names folders in messages so that the reader can find them. */
import { join, relative } from 'node:path';
import type { Wiring } from '../../config.ts';

/** Relative inside the current folder, else absolute. */
export function shownPath(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === '' || inside.startsWith('..') ? path : inside;
}

/** The folder of all runs or of one run: by its path, or by the name that the wiring gives. */
export function shownRuns({ runsDir, runsName }: Pick<Wiring, 'runsDir' | 'runsName'>, runId?: string): string {
  if (runsName === undefined) return shownPath(runId === undefined ? runsDir : join(runsDir, runId));
  return runId === undefined ? runsName : `${runId} of ${runsName}`;
}
