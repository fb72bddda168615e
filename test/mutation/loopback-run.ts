/**
 * Runs loopback.ts as a separate program, so that a bug can be seeded in it as in the programs of
 * the lab.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Report, reportSchema } from '@encore/contracts';

export interface LoopbackRun {
  seed: number;
  folder: string;
  seeding: Record<string, string>;
  signal: AbortSignal;
}

export async function runLoopback({ seed, folder, seeding, signal }: LoopbackRun): Promise<Report> {
  const file = join(folder, 'report.json');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'loopback.ts'), String(seed)], {
    env: { ...process.env, ...seeding },
    stdio: ['ignore', openSync(file, 'w'), 'inherit'],
    signal,
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the loopback run ended with exit code ${code}`);
  return reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
