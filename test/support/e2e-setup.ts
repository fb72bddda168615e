/** Loaded into Mocha and each of its workers before the end-to-end tests. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';

/** In one home, two runs that begin in the same second would have the same name. */
const worker = process.env['MOCHA_WORKER_ID'];
if (worker !== undefined) process.env['ENCORE_HOME'] ??= join(tmpdir(), `encore-e2e-${worker}`);

/**
 * Builds the images before any worker starts, so that no lab runs beside a build, which takes
 * minutes of both cores the first time. The tests build again from the cache and report errors.
 */
export async function mochaGlobalSetup(): Promise<void> {
  const build = ['compose', '-p', 'encore-e2e', 'build', '--quiet'];
  await runCommand('docker', build, { timeoutMs: 600_000 }).catch(() => undefined);
}
