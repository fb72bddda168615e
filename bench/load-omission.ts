/**
 * A server that freezes for 2 s of 20 s (SIGSTOP) under 500 requests per second: latencies measured
 * by the load generator's users, and by plain autocannon with its rate and its own correction. A
 * request due at second t of the freeze waits 2 - t, so 1 % of all due requests waited 1.8 s or
 * more. Limit: the users' p99 response time is within 5 % of that, plus the time that the thawed
 * server needs for the backlog.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRegistry, EventLog, systemClock } from '../packages/kit/src/index.ts';
import { Load } from '../services/loadgen/src/load.ts';
import { createMetrics } from '../services/loadgen/src/metrics.ts';
import { FakeServer } from '../services/loadgen/src/testing/fake-server.ts';
import { autocannon } from '../services/loadgen/src/testing/reference-clients.ts';
import music from '../workloads/music/src/workload.ts';

const perSecond = 500;
const seconds = 20;
const frozenSeconds = 2;
const users = 25;
const truthMs = (frozenSeconds - 0.01 * seconds) * 1_000;
const tolerance = 0.05;
const clearingMs = 150;

interface Seen {
  count: number;
  p50: number;
  p99: number;
}

export async function benchLoadOmission(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const line = (name: string, { count, p50, p99 }: Seen) =>
    print(
      `${name.padEnd(34)} ${String(count).padStart(7)} samples   p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(0)} ms`,
    );
  const { response, service } = await withFrozenServer(askAsUsers);
  const plain = await withFrozenServer(askWithAutocannon);
  print(`truth: p99 ${truthMs} ms of ${perSecond * seconds} due requests`);
  line('users, from the intended start', response);
  line('users, from the actual start', service);
  line('autocannon with its correction', plain);
  return { ok: response.p99 >= truthMs * (1 - tolerance) && response.p99 <= truthMs * (1 + tolerance) + clearingMs };
}

/** Starts the load and freezes the server in the middle of it. */
async function withFrozenServer<Result>(ask: (url: string) => Promise<Result>): Promise<Result> {
  const server: ChildProcess = spawn(process.execPath, [import.meta.filename, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    if (!server.stdout) throw new Error('the server has no output');
    const [url] = (await once(server.stdout, 'data')) as [Buffer];
    const asked = ask(url.toString().trim());
    await systemClock.sleep(seconds * 400);
    server.kill('SIGSTOP');
    await systemClock.sleep(frozenSeconds * 1_000);
    server.kill('SIGCONT');
    return await asked;
  } finally {
    server.kill('SIGKILL');
  }
}

async function askAsUsers(targetUrl: string): Promise<{ response: Seen; service: Seen }> {
  const runsDir = await mkdtemp(join(tmpdir(), 'encore-bench-omission-'));
  const events = new EventLog();
  const metrics = createMetrics(createRegistry('bench'), Object.keys(music.operations));
  const logger = createLogger('bench', 'silent');
  const workload = import.meta.resolve('../workloads/music/src/workload.ts');
  try {
    await using load = new Load({ workload, targetUrl, runsDir, clock: systemClock, logger, metrics, events });
    const mix = { create: 0, analyze: 1, modify: 0, export: 0, heavy: 0 };
    const mean = users / perSecond;
    const thinkSeconds = { min: mean * 0.8, max: mean * 1.2 };
    const settings = {
      mix,
      thinkSeconds,
      parameters: { byteBudgetPerSecond: 1, liveScoresPerUser: 5 },
      probesPerSecond: 1,
    };
    await load.start({ runId: 'bench', seed: 1, users, rampSeconds: 0, load: settings });
    const renewing = setInterval(() => load.renew('bench'), 2_000);
    await systemClock.sleep(seconds * 1_000);
    clearInterval(renewing);
    await load.stop();
    for (const { event } of events.page(undefined, 0).events) {
      const analyze = event.type === 'load_summary' ? event.operations['analyze'] : undefined;
      if (analyze) return { response: analyze.responseMs, service: analyze.serviceMs };
    }
    throw new Error('the load had no summary');
  } finally {
    await rm(runsDir, { recursive: true, force: true });
  }
}

async function askWithAutocannon(url: string): Promise<Seen> {
  const result = await autocannon({
    url: `${url}/scores?limit=1`,
    connections: 100,
    overallRate: perSecond,
    duration: seconds,
  });
  // Missing in autocannon's types: the number of samples after its correction.
  const { p50, p99, totalCount = 0 }: { p50: number; p99: number; totalCount?: number } = result.latency;
  return { count: totalCount, p50, p99 };
}

if (import.meta.main && process.argv[2] === 'serve') {
  const fake = await FakeServer.start();
  process.stdout.write(`${fake.url}\n`);
}
