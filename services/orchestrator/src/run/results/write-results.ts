/** Copies a run's evidence into its results folder, judges it there, writes the reports. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Judgement, judge } from '../../judge/judge.ts';
import { readRunFolder } from '../../judge/read/run-folder.ts';
import { writeReports } from '../../report/write-reports.ts';

const evidence = ['history.ndjson', 'ledger.ndjson', 'plan.json', 'config.json', 'latency.hlog'];

export async function copyEvidence(runFolder: string, resultsFolder: string): Promise<void> {
  await mkdir(resultsFolder, { recursive: true });
  for (const name of evidence) {
    await copyFile(join(runFolder, name), join(resultsFolder, name)).catch((error: unknown) => {
      // The verdict reports a missing file (a run without load has no ledger).
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
  }
}

/** Judges a results folder and writes its reports; the JSON goes next to the folder. */
export async function writeResults(resultsFolder: string): Promise<Judgement> {
  const judgement = judge(await readRunFolder(resultsFolder));
  await writeReports(judgement, resultsFolder, `${resultsFolder}.json`);
  return judgement;
}
