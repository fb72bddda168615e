/** The files of a simulated run, but for its history: tests write that one as they like. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '@encore/kit';
import { ledgerFile, planFile } from '../judge/run-folder.ts';
import type { SimulatedRun } from './simulated-run.ts';

/** Resolves with a new folder, which is the caller's to remove, and the lines of the history. */
export async function writeRunFolder(run: SimulatedRun): Promise<{ folder: string; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-run-'));
  const lines: string[] = [];
  for await (const line of run.history()) lines.push(canonicalJson(line));
  const ledger: string[] = [];
  for await (const line of run.ledgerLines()) ledger.push(line);
  await writeFile(join(folder, ledgerFile), `${ledger.join('\n')}\n`);
  await writeFile(join(folder, planFile), JSON.stringify(run.plan));
  return { folder, lines };
}
