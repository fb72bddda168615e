/**
 * CPU time of one attempt of a user of a workload, with its worker thread, checks, counters and
 * histograms, against undici's bare `request` that discards the body. Both request the same score
 * from the same server, in separate processes, in turn.
 * Limit: at most 2.5 times bare undici, as the median of the rounds.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRegistry, systemClock } from '../packages/kit/src/index.ts';
import { LatencyLog } from '../services/loadgen/src/latency-log.ts';
import { createMetrics } from '../services/loadgen/src/metrics.ts';
import { Recorder } from '../services/loadgen/src/recorder.ts';
import { saveMemory } from '../services/loadgen/src/save-memory.ts';
import { Pool } from '../services/loadgen/src/testing/reference-clients.ts';
import { WorkloadHost } from '../services/loadgen/src/workload-host.ts';
import { startThread } from '../services/loadgen/src/workload-thread.ts';
import { scoreText } from '../workloads/music/src/score-generator.ts';
import { recipe } from './load-cost-workload.ts';
import { spreadOf } from './spread.ts';

const run = promisify(execFile);
const rounds = 5;
const users = 50;
const attempts = 20_000;
/** More than the generator can do, so that users are always busy. */
const paceSeconds = 0.05;
const limit = 2.5;

export async function benchLoadCost(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-bench-cost-'));
  const content = Buffer.from(scoreText(recipe));
  const server = createServer((_request, response) => {
    response.writeHead(200, { etag: '"1"', 'content-length': content.length }).end(content);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const measure = async (what: string) => {
      const { stdout } = await run(process.execPath, [import.meta.filename, what, url, folder]);
      return Number(stdout);
    };
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const bare = await measure('bare');
      const checked = await measure('checked');
      ratios.push(checked / bare);
      print(`round ${round}: bare ${bare.toFixed(1)} µs, checked ${checked.toFixed(1)} µs per attempt`);
    }
    const { median } = spreadOf(ratios);
    print(`median ratio ${median.toFixed(2)} (limit ${limit})`);
    return { ok: median <= limit };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each function returns CPU microseconds per attempt, after a warm-up. */
async function bareCost(url: string): Promise<number> {
  const pool = new Pool(url, { connections: users, pipelining: 1 });
  const attempt = async () => {
    const { body } = await pool.request({ method: 'GET', path: '/scores/one' });
    await body.dump({ limit: Number.POSITIVE_INFINITY });
  };
  const loop = async (count: number) => {
    for (let i = 0; i < count; i += 1) await attempt();
  };
  await Promise.all(Array.from({ length: users }, () => loop(attempts / users / 4)));
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: users }, () => loop(attempts / users)));
  const { user, system } = process.cpuUsage(before);
  await pool.close();
  return (user + system) / attempts;
}

/** The load generator's own thread, worker, recorder and histograms; without probe and ledger. */
async function workloadCost(targetUrl: string, folder: string): Promise<number> {
  const options = { workload: import.meta.resolve('./load-cost-workload.ts'), targetUrl, backoffMs: [0, 0] } as const;
  await using host = await WorkloadHost.open(options, startThread, systemClock);
  const operations = Object.keys(host.description.operations);
  const latencies = await LatencyLog.open(folder, systemClock.now(), operations);
  const metrics = createMetrics(createRegistry('bench'), operations);
  const fail = (problem: string): never => {
    throw new Error(`the benchmark failed: ${problem}`);
  };
  const recorder = new Recorder(operations, (event) => fail(JSON.stringify(event)), metrics, latencies);
  const goal = Promise.withResolvers<{ attempts: number; cpu: NodeJS.CpuUsage }>();
  let begun: { attempts: number; cpu: NodeJS.CpuUsage } | null = null;
  host.listener = {
    write: async () => fail('a write'),
    failed: ({ problem }) => fail(problem),
    loopDelay: () => {},
    died: () => fail('the thread of the workload ended'),
    report: (report) => {
      recorder.add(report);
      if (recorder.attempts < attempts / 4) return;
      begun ??= { attempts: recorder.attempts, cpu: process.cpuUsage() };
      const measured = recorder.attempts - begun.attempts;
      if (measured >= attempts) goal.resolve({ attempts: measured, cpu: process.cpuUsage(begun.cpu) });
    },
  };
  const run = { runId: 'bench', seed: 1, users, mix: { export: 1 }, parameters: {} };
  const startsAt = systemClock.now();
  const started = Array.from({ length: users }, (_, i) => ({ number: i + 1, startsAt }));
  const ended = host.runUsers({ ...run, thinkSeconds: { min: paceSeconds, max: paceSeconds } }, started);
  const { attempts: measured, cpu } = await goal.promise;
  host.stop();
  await ended;
  return (cpu.user + cpu.system) / measured;
}

const [, , what, url, folder] = process.argv;
if (import.meta.main && what !== undefined && url !== undefined && folder !== undefined) {
  // As in the load generator, which is the only one to do it.
  if (what === 'checked') saveMemory();
  process.stdout.write(String(await (what === 'bare' ? bareCost(url) : workloadCost(url, folder))));
  process.exit(0);
}
