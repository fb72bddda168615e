/** Copies the evidence of a run into its results folder, judges it from there, and writes the reports beside it. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Judgement, judge } from '../../judge/index.ts';
import { readRunFolder, writeReports } from '../../report/index.ts';

const evidence = ['history.ndjson', 'ledger.ndjson', 'plan.json', 'config.json', 'latency.hlog'];

export async function copyEvidence(runFolder: string, resultsFolder: string): Promise<void> {
  await mkdir(resultsFolder, { recursive: true });
  for (const name of evidence) {
    await copyFile(join(runFolder, name), join(resultsFolder, name)).catch((error: unknown) => {
      // What was never written (no ledger without a load) is told by the verdict as missing.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
  }
}

/** The reports of a folder with evidence; the JSON lies beside the folder, under the same name. */
export async function writeResults(resultsFolder: string): Promise<Judgement> {
  const judgement = await judge(await readRunFolder(resultsFolder));
  await writeReports(judgement, resultsFolder, `${resultsFolder}.json`);
  return judgement;
}
