/** A run of 20 s under load alone, with one of the planted bugs or with none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import type { Bug } from './bugs.ts';
import { hitsIn } from './hits.ts';
import { runLab } from './lab-run.ts';
import { plantingEnvironment } from './planting.ts';
import { scenarios } from './scenarios.ts';

const seed = 7;
const settings = { ...scenarios.calm.settings, hours: 20 / 3_600 };

export async function shortRun(bug?: Bug): Promise<{ report: Report; hits: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'encore-teeth-'));
  const hitsFile = join(folder, 'hits');
  try {
    const planting = bug === undefined ? {} : plantingEnvironment(bug, hitsFile);
    const { signal } = new AbortController();
    return { report: await runLab({ settings, seed, folder, planting, signal }), hits: hitsIn(hitsFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
