/**
 * Loads a workload as a run does, and sends its parent what is wrong with it and which functions it
 * has. `encore run` starts it before anything else, because a mistake would otherwise appear only
 * after minutes.
 */
import { pathToFileURL } from 'node:url';
import { describeWorkload, loadWorkload } from './worker/load-workload.ts';

const url = pathToFileURL(process.argv[2] ?? '').href;
let checked: { mistakes: string[]; has: Record<string, boolean> };
try {
  const { has } = await describeWorkload(await loadWorkload(url), url);
  checked = { mistakes: [], has };
} catch (error) {
  checked = { mistakes: (error instanceof Error ? error.message : String(error)).split('\n'), has: {} };
}
process.send?.(checked, () => process.exit());
