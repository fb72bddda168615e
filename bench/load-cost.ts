/**
 * CPU time of one attempt of a virtual user, including its checks, counters and histograms, against
 * undici's bare `request` that discards the body. Both request the same score from the same server,
 * in separate processes, in turn.
 * Limit: at most 2.5 times bare undici, as the median of the rounds.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRegistry, Random, systemClock } from '../packages/kit/src/index.ts';
import { LatencyLog } from '../services/loadgen/src/latency-log.ts';
import { newScore } from '../services/loadgen/src/live-score.ts';
import { createMetrics } from '../services/loadgen/src/metrics.ts';
import { getStep } from '../services/loadgen/src/operations.ts';
import { Recorder } from '../services/loadgen/src/recorder.ts';
import { saveMemory } from '../services/loadgen/src/save-memory.ts';
import { describeScore, scoreText } from '../services/loadgen/src/score-generator.ts';
import { runStep } from '../services/loadgen/src/step.ts';
import { Pool } from '../services/loadgen/src/testing/reference-clients.ts';
import { spreadOf } from './spread.ts';

const run = promisify(execFile);
const rounds = 5;
const users = 50;
const attempts = 20_000;
const limit = 2.5;
const recipe = { seed: 'cost', targetBytes: 6_000 };

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

/** CPU microseconds per attempt, after a warm-up. */
async function measureCpu(attempt: () => Promise<void>): Promise<number> {
  const loop = async (count: number) => {
    for (let i = 0; i < count; i += 1) await attempt();
  };
  await Promise.all(Array.from({ length: users }, () => loop(attempts / users / 4)));
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: users }, () => loop(attempts / users)));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / attempts;
}

async function child(what: string, url: string, folder: string): Promise<number> {
  const pool = new Pool(url, { connections: users, pipelining: 1 });
  const bare = async () => {
    const { body } = await pool.request({ method: 'GET', path: '/scores/one' });
    await body.dump({ limit: Number.POSITIVE_INFINITY });
  };
  const cpu = await measureCpu(what === 'bare' ? bare : await checkedAttempt(pool, folder));
  await pool.close();
  return cpu;
}

async function checkedAttempt(dispatcher: Pool, folder: string): Promise<() => Promise<void>> {
  const score = newScore('one', await describeScore(recipe));
  score.version = 1;
  const latencies = await LatencyLog.open(folder, systemClock.now());
  const recorder = new Recorder(() => {}, createMetrics(createRegistry('bench')), latencies);
  const random = new Random(1);
  const cancel = new AbortController().signal;
  return async () => {
    const startedAt = systemClock.now();
    const end = await runStep(getStep(score), {
      dispatcher,
      clock: systemClock,
      random,
      operation: 'export',
      operationId: 'bench-u1-o1',
      user: 1,
      clientId: 'bench-u1',
      deadlineAt: startedAt + 30_000,
      cancel,
      backoffMs: [0, 0],
      attemptEnded: (record) => recorder.attemptEnded(record),
      attempts: { count: 0 },
    });
    if (end.kind !== 'ok') throw new Error(`the benchmark's own server failed a check: ${JSON.stringify(end)}`);
    const endedAt = systemClock.now();
    recorder.operationEnded({ kind: 'export', end: 'ok', dueAt: startedAt, startedAt, endedAt });
  };
}

const [, , what, url, folder] = process.argv;
if (import.meta.main && what !== undefined && url !== undefined && folder !== undefined) {
  // As in the load generator, which is the only one to do it.
  if (what === 'checked') saveMemory();
  process.stdout.write(String(await child(what, url, folder)));
}
