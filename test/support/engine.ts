/**
 * Skips tests without Docker. Where an engine is required (CI), its absence is a failure.
 */
import type { Context } from 'mocha';
import { runCommand } from './command.ts';

export async function requireEngine(context: Context): Promise<void> {
  await require(context, ['version', '--format', '{{.Server.Version}}'], 'no Docker engine responds');
}

/** For tests that only read Compose files, which needs no engine. */
export async function requireCompose(context: Context): Promise<void> {
  await require(context, ['compose', 'version'], 'there is no docker compose');
}

async function require(context: Context, args: readonly string[], absence: string): Promise<void> {
  const answer = await runCommand('docker', args, { timeoutMs: 10_000 }).catch((error: unknown) => ({
    exitCode: 1,
    stdout: '',
    stderr: String(error),
    seconds: 0,
  }));
  if (answer.exitCode === 0) return;
  const reason = `${absence}: ${answer.stderr.trim()}`;
  if (process.env['ENCORE_REQUIRE_DOCKER']) throw new Error(reason);
  process.stdout.write(`    SKIPPED: ${reason}\n`);
  context.skip();
}
