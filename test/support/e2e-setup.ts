/** Loaded into Mocha and into each of its workers before the end-to-end tests. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';

/** In one home, two runs that begin in the same second would take the same name. */
const worker = process.env['MOCHA_WORKER_ID'];
if (worker !== undefined) process.env['ENCORE_HOME'] ??= join(tmpdir(), `encore-e2e-${worker}`);

/**
 * Builds the images before any worker starts, so that no lab runs beside a build: on a machine that has none yet, that takes minutes of both cores.
 * The tests build again, from the cache, and report what fails.
 */
export async function mochaGlobalSetup(): Promise<void> {
  const build = ['compose', '-p', 'encore-e2e', 'build', '--quiet'];
  await runCommand('docker', build, { timeoutMs: 600_000 }).catch(() => undefined);
}
