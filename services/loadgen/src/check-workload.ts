/**
 * Loads a workload as a run does, and sends its parent a list of what is wrong with it. `encore
 * run` starts it before anything else, because a mistake would otherwise appear only after minutes.
 */
import { pathToFileURL } from 'node:url';
import { describeWorkload, loadWorkload } from './worker/load-workload.ts';

const url = pathToFileURL(process.argv[2] ?? '').href;
const problems: string[] = [];
try {
  await describeWorkload(await loadWorkload(url), url);
} catch (error) {
  problems.push(...(error instanceof Error ? error.message : String(error)).split('\n'));
}
process.send?.(problems, () => process.exit());
