/** Writes every report of a run, each one atomically: readers see the old file or the new one. */
import { join } from 'node:path';
import { writeFileAtomic } from '@encore/kit';
import type { Judgement } from '../judge/judge.ts';
import { junitXml } from './junit.ts';
import { markdownSummary } from './markdown.ts';
import { renderPage } from './page.ts';

export async function writeReports(judgement: Judgement, folder: string, jsonPath: string): Promise<void> {
  const { report } = judgement;
  // The JSON comes first, because the others are rendered from it.
  await writeFileAtomic(jsonPath, `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(join(folder, 'report.html'), renderPage(judgement));
  await writeFileAtomic(join(folder, 'junit.xml'), junitXml(report));
  await writeFileAtomic(join(folder, 'summary.md'), markdownSummary(report));
}
