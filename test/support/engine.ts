/**
 * Skips a test without a Docker engine. Where an engine is required (CI), its absence is a failure.
 */
import type { Context } from 'mocha';
import { runCommand } from './command.ts';

export async function requireEngine(context: Context): Promise<void> {
  const answer = await runCommand('docker', ['version', '--format', '{{.Server.Version}}'], {
    timeoutMs: 10_000,
  }).catch((error: unknown) => ({ exitCode: 1, stdout: '', stderr: String(error), seconds: 0 }));
  if (answer.exitCode === 0) return;
  const reason = `no Docker engine responds: ${answer.stderr.trim()}`;
  if (process.env['ENCORE_REQUIRE_DOCKER']) throw new Error(reason);
  process.stdout.write(`    SKIPPED: ${reason}\n`);
  context.skip();
}
