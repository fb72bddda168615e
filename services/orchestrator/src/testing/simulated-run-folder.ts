/** Writes the files of a simulated run except its history, which tests write themselves. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '@encore/kit';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { latencyFile, ledgerFile, planFile } from '../judge/read/run-folder.ts';
import type { SimulatedRun } from './simulated-run.ts';
import { simulatedOperations } from './simulation.ts';

/** Resolves with a new folder, which the caller removes, and the lines of the history. */
export async function writeRunFolder(run: SimulatedRun): Promise<{ folder: string; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-run-'));
  const lines: string[] = [];
  for await (const line of run.history()) lines.push(canonicalJson(line));
  const ledger: string[] = [];
  for await (const line of run.ledgerLines()) ledger.push(line);
  await writeFile(join(folder, ledgerFile), `${ledger.join('\n')}\n`);
  await writeFile(join(folder, planFile), JSON.stringify(run.plan));
  await writeFile(join(folder, latencyFile), latencyLog());
  return { folder, lines };
}

/** A log of two intervals, with as many values as the summary of a simulated load. */
function latencyLog(): string {
  const histogram = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3, useWebAssembly: false });
  for (let count = 0; count < 500; count += 1) histogram.recordValue(20_000 + count);
  const encoded = encodeIntoCompressedBase64(histogram);
  const tags = simulatedOperations.flatMap((kind) => [`${kind}.ok.response`, `${kind}.ok.service`]);
  const interval = (start: string) => tags.map((tag) => `Tag=${tag},${start},10.000,0.020,${encoded}`);
  return `${['#[Histogram log format version 1.3]', ...interval('1.000'), ...interval('11.000')].join('\n')}\n`;
}
