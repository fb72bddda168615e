/**
 * Environment that starts programs with one seeded bug, for the lab's programs and the loopback
 * run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/command.ts';
import type { Bug } from './bugs.ts';

export function plantingEnvironment({ name, plantedIn }: Bug, hitsFile: string): Record<string, string> {
  const url = (path: string) => {
    const file = join(root, path);
    // Without this check the run would have no bug, and the bug would look undetected.
    if (!existsSync(file)) throw new Error(`${name}: ${path} does not exist. Correct its path in test/teeth/bugs.ts.`);
    return pathToFileURL(file).href;
  };
  return {
    NODE_OPTIONS: `--import=${url('test/teeth/plant.ts')}`,
    TEETH_ORIGINAL: url(plantedIn),
    TEETH_PLANTED: url(`test/teeth/bugs/${name}.ts`),
    TEETH_HITS: hitsFile,
  };
}
