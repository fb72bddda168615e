/**
 * Does the orchestrator's memory grow with the run? A simulated day of the full profile at 1,000
 * attempts per second takes the path of a real one: services' event logs ─▶ pollers ─▶ history
 * on disk ─▶ the monitor's state, metrics, and the live page with a reader. Then the judge reads
 * those files. Each runs in its own process, measured after a forced collection every quarter of an
 * hour of the simulated day. External buffers count.
 *
 * Goals, for the run and for the judge: after two hours the 95 % interval of the slope includes 0,
 * or the total growth is under 2 MB; the maximum is at most half of the container's limit (384 MB).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slopeOf } from './slope.ts';

const warmUpHours = 2;
const maxGrowthBytes = 2_000_000;
const maxHeldBytes = (384 * 1_048_576) / 2;

export async function benchOrchestratorDay(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-bench-day-'));
  try {
    const run = judgeSamples('run', await samplesOf('orchestrator-day-run.ts', folder), print);
    const { size } = await stat(join(folder, 'history.ndjson'));
    print(`history: ${(size / 1e6).toFixed(0)} MB`);
    const judge = judgeSamples('judge', await samplesOf('orchestrator-day-judge.ts', folder), print);
    return { ok: run && judge };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type HourAndBytes = readonly [hour: number, bytes: number];

async function samplesOf(program: string, folder: string): Promise<HourAndBytes[]> {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, program), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${text}`);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HourAndBytes);
}

function judgeSamples(what: string, samples: readonly HourAndBytes[], print: (line: string) => void): boolean {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
  const maximum = Math.max(...samples.map(([, bytes]) => bytes));
  const kept = samples.filter(([hour]) => hour >= warmUpHours);
  const { slope, low, high } = slopeOf(kept);
  const growth = slope * ((kept.at(-1)?.[0] ?? 0) - (kept[0]?.[0] ?? 0));
  print(`${what}: ${samples.length} samples, at maximum ${megabytes(maximum)} (limit ${megabytes(maxHeldBytes)})`);
  print(`${what}: slope ${low.toFixed(0)} to ${high.toFixed(0)} bytes per hour (95 %), ${megabytes(growth)} in all`);
  return maximum < maxHeldBytes && ((low <= 0 && high >= 0) || growth < maxGrowthBytes);
}
