/**
 * Environment that starts programs with one seeded bug, for the lab's programs and the loopback
 * run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/command.ts';
import type { Bug } from './bugs.ts';

export function seedingEnvironment({ name, seededIn }: Bug, triggersFile: string): Record<string, string> {
  const url = (path: string) => {
    const file = join(root, path);
    // Without this check the run would have no bug, and the bug would look undetected.
    if (!existsSync(file))
      throw new Error(`${name}: ${path} does not exist. Correct its path in test/mutation/bugs.ts.`);
    return pathToFileURL(file).href;
  };
  return {
    NODE_OPTIONS: `--import=${url('test/mutation/seed-bug.ts')}`,
    MUTATION_ORIGINAL: url(seededIn),
    MUTATION_SEEDED: url(`test/mutation/bugs/${name}.ts`),
    MUTATION_TRIGGERS: triggersFile,
  };
}
