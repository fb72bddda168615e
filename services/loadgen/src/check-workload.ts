/**
 * Loads a workload as a run does, and sends its parent which functions it has, and what is wrong
 * with it or with the settings of the load for it. `encore run` starts it before anything else,
 * because a mistake would otherwise appear only after minutes.
 */
import { pathToFileURL } from 'node:url';
import { loadConfigSchema } from '@encore/contracts';
import { runSettings } from './run-settings.ts';
import { describeWorkload } from './workload-host.ts';

const [, , path = '', load = ''] = process.argv;
const url = pathToFileURL(path).href;
let checked: { mistakes: string[]; has: Record<string, boolean> };
try {
  const description = await describeWorkload(url, 'http://localhost');
  const settings = loadConfigSchema.parse(JSON.parse(load));
  runSettings({ runId: 'check', seed: 1, users: 1, rampSeconds: 0, load: settings }, description);
  checked = { mistakes: [], has: description.has };
} catch (error) {
  checked = { mistakes: (error instanceof Error ? error.message : String(error)).split('\n'), has: {} };
}
process.send?.(checked, () => process.exit());
