/**
 * Does the load generator's memory grow with the run? Runs as many operations as 100 users make in
 * an hour, against a server that rejects one request in 50 and cuts one in 100. Measures heap and
 * buffers after a forced collection every few seconds.
 * Limit: the 95 % interval of the slope includes 0, or the total growth is under 1 MB.
 *
 * The users make at most 500 operations per second, so it takes 4 minutes on two free cores, and
 * longer on a busy machine, on which it gives up after 15 minutes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRegistry, EventLog, systemClock } from '../packages/kit/src/index.ts';
import { Load } from '../services/loadgen/src/load.ts';
import { createMetrics } from '../services/loadgen/src/metrics.ts';
import { FakeServer } from '../services/loadgen/src/testing/fake-server.ts';
import music from '../workloads/music/src/workload.ts';
import { slopeOf } from './slope.ts';

type Sample = [seconds: number, bytes: number, operations: number];

const operations = 120_000;
const users = 100;
const everyMs = 3_000;
const maxMinutes = 15;
/** Share of the samples to discard, while caches, pools and lists of live scores fill. */
const warmUpShare = 0.25;

export async function benchLoadHeap(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const child = spawn(process.execPath, ['--expose-gc', import.meta.filename, 'generate'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const fake = await FakeServer.start();
  fake.hook = ({ response }) => {
    if (fake.calls % 100 === 0) response.socket?.destroy();
    else if (fake.calls % 50 === 0)
      response.writeHead(503).end('{"error":{"code":"OVERLOADED","message":"","definite":true}}');
    else return undefined;
    return 'handled';
  };
  try {
    child.send(fake.url);
    let text = '';
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    await once(child, 'exit');
    const samples = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Sample);
    const performed = samples.at(-1)?.[2] ?? 0;
    const kept = samples.slice(Math.floor(samples.length * warmUpShare));
    const { slope, low, high } = slopeOf(kept.map(([seconds, bytes]) => [seconds, bytes]));
    const minutes = ((kept.at(-1)?.[0] ?? 0) - (kept[0]?.[0] ?? 0)) / 60;
    const growth = (slope * minutes * 60) / 1e6;
    print(
      `${performed} operations; ${((kept.at(-1)?.[1] ?? 0) / 1e6).toFixed(1)} MB of heap and buffers at the end, ${kept.length} samples`,
    );
    print(`slope ${low.toFixed(0)} to ${high.toFixed(0)} bytes per second (95 %): ${growth.toFixed(2)} MB in all`);
    if (performed < operations)
      print(`the machine is too busy: ${operations} operations did not fit into ${maxMinutes} minutes; run it alone`);
    return { ok: performed >= operations && ((low <= 0 && high >= 0) || growth < 1) };
  } finally {
    child.kill('SIGKILL');
    await fake[Symbol.asyncDispose]();
  }
}

async function generate(targetUrl: string): Promise<void> {
  const runsDir = await mkdtemp(join(tmpdir(), 'encore-bench-heap-'));
  // Bounded by number; a small bound, so that it fills quickly.
  const events = new EventLog(100);
  const metrics = createMetrics(createRegistry('bench'), Object.keys(music.operations));
  const load = new Load({
    workload: import.meta.resolve('../workloads/music/src/workload.ts'),
    targetUrl,
    runsDir,
    clock: systemClock,
    logger: createLogger('bench', 'silent'),
    metrics,
    events,
    backoffMs: [20, 50],
  });
  const mix = { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 };
  const settings = {
    mix,
    thinkSeconds: { min: 0.1, max: 0.3 },
    parameters: { byteBudgetPerSecond: 2_000_000, liveScoresPerUser: 20 },
  };
  await load.start({ runId: 'bench', seed: 1, users, rampSeconds: 1, load: { ...settings, probesPerSecond: 10 } });
  const startedAt = systemClock.now();
  let performed = 0;
  while (performed < operations && systemClock.now() - startedAt < maxMinutes * 60_000) {
    await systemClock.sleep(everyMs);
    load.renew('bench');
    (globalThis as { gc?: () => void }).gc?.();
    performed = load.status().operations;
    const { heapUsed, external } = process.memoryUsage();
    const sample: Sample = [(systemClock.now() - startedAt) / 1_000, heapUsed + external, performed];
    process.stdout.write(`${JSON.stringify(sample)}\n`);
  }
  await load[Symbol.asyncDispose]();
  await rm(runsDir, { recursive: true, force: true });
  process.exit(0);
}

if (import.meta.main && process.argv[2] === 'generate') {
  const [url] = (await once(process, 'message')) as [string];
  await generate(url);
}
