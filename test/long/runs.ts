/** One long run on one runtime, started as a user starts it. */
import type { Report } from '@encore/contracts';
import { runCommand, tail } from '../support/command.ts';
import { freeLabPorts } from '../support/free-port.ts';
import { reportOf } from '../support/report.ts';

export const runtimes = ['docker', 'embedded'] as const;

export interface LongRun {
  runtime: (typeof runtimes)[number];
  seed: number;
  hours: number;
  killIntervalMinutes: number;
}

/** Time for images, startup, ramp, read-back and report. */
const marginMs = 15 * 60_000;

export function runLong(run: LongRun): Promise<Report> {
  return run.runtime === 'docker' ? onDocker(run) : embedded(run);
}

async function embedded({ seed, hours, killIntervalMinutes }: LongRun): Promise<Report> {
  const args = ['--profile', 'full', '--hours', `${hours}`, '--kill-interval', `${killIntervalMinutes}`];
  const run = await runCommand('./encore', [...args, '--seed', `${seed}`, '--no-monitor'], {
    timeoutMs: limitOf(hours),
  });
  return reportOf(run);
}

/** Uses `docker compose up`, the lab's main command. */
async function onDocker({ seed, hours, killIntervalMinutes }: LongRun): Promise<Report> {
  const env = {
    ...(await freeLabPorts()),
    ENCORE_PROFILE: 'full',
    ENCORE_HOURS: `${hours}`,
    ENCORE_KILL_INTERVAL: `${killIntervalMinutes}`,
    ENCORE_SEED: `${seed}`,
  };
  const compose = (args: string[], timeoutMs: number) =>
    runCommand('docker', ['compose', '-p', `encore-long-${process.pid}`, ...args], { timeoutMs, env });
  try {
    const built = await compose(['build', '--quiet'], marginMs);
    if (built.exitCode !== 0) throw new Error(`building the images failed:\n${tail(built.stderr)}`);
    return await reportOf(await compose(['up', '--exit-code-from', 'orchestrator'], limitOf(hours)));
  } finally {
    await compose(['down', '--volumes', '--remove-orphans'], 120_000);
  }
}

function limitOf(hours: number): number {
  return hours * 3_600_000 + marginMs;
}
