/** A run of 20 s under load alone, with or without a seeded bug. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import type { Bug } from './bugs.ts';
import { runLab } from './lab-run.ts';
import { scenarios } from './scenarios.ts';
import { seedingEnvironment } from './seeding.ts';
import { triggersIn } from './triggers.ts';

const seed = 7;
const settings = { ...scenarios.calm.settings, hours: 20 / 3_600 };

export async function shortRun(bug?: Bug): Promise<{ report: Report; triggers: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'encore-mutation-'));
  const triggersFile = join(folder, 'triggers');
  try {
    const seeding = bug === undefined ? {} : seedingEnvironment(bug, triggersFile);
    const { signal } = new AbortController();
    return { report: await runLab({ settings, seed, folder, seeding, signal }), triggers: triggersIn(triggersFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
