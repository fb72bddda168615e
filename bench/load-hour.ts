/**
 * One hour of the whole lab without faults: the real server, database and proxy under the load of
 * 100 users. Every minute the load generator and the server run a forced collection. Goals:
 *
 *   no error, for users and probes; no lost write, and no deletion that the ledger does not contain
 *   the slope of either heap has a 95 % interval that includes 0. Compiled code is reported apart,
 *     without a goal: rarely called code is compiled late, and its growth looks like a leak
 *   resident memory with worker processes stays under 60 % of the limits in docker-compose.yml
 *   users upload the configured bytes per second within 10 %
 *
 * ENCORE_BENCH_MINUTES shortens it at the cost of accuracy: caches that fill in the first minutes
 * count, and the few scores of up to 50 MB dominate the uploaded bytes (they vary by 9 % in 3
 * minutes, by 3 % in 30).
 * ENCORE_BENCH_SNAPSHOTS names a folder for heap snapshots of the beginning and the end.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startBundledLab } from '../embedded/src/bundled-lab.ts';
import { readHostEnvironment } from '../embedded/src/config.ts';
import { describeError, systemClock, waitUntil } from '../packages/kit/src/index.ts';
import { EventPoller } from '../services/orchestrator/src/history/event-poller.ts';
import { HistoryWriter } from '../services/orchestrator/src/history/history-writer.ts';
import { loop } from '../services/orchestrator/src/run/loops/loop.ts';
import { ServiceClients } from '../services/orchestrator/src/service-clients.ts';
import { profiles } from '../services/orchestrator/src/settings/profiles.ts';
import { childRunning } from '../test/support/child-running.ts';
import music from '../workloads/music/src/workload.ts';
import { type HeapSize, InspectedProgram, inspectable } from './inspected-program.ts';
import { QuietHour } from './quiet-hour.ts';
import { type Sample, type Slope, slopeOf } from './slope.ts';

const root = join(import.meta.dirname, '..');
const minutes = Number(process.env['ENCORE_BENCH_MINUTES'] || 60);
const snapshots = process.env['ENCORE_BENCH_SNAPSHOTS'] || undefined;
const { users, load } = profiles.full;
const samples = 60;
const rampSeconds = minutes;
/**
 * Share of the samples to discard, while bounded structures fill: users ramp up for a minute, then
 * each creates its 20 scores, the server fills its cache, and the engine compiles hot code. In an
 * hour that is six minutes.
 */
const warmUpShare = 0.1;
const inspected = ['loadgen', 'server'] as const;
const maxShareOfLimit = 0.6;
const maxOffBudget = 0.1;

type Print = (line: string) => void;
type Heaps = Record<(typeof inspected)[number], [hours: number, size: HeapSize][]>;

export async function benchLoadHour(print: Print = console.log): Promise<{ ok: boolean }> {
  const results = await mkdtemp(join(tmpdir(), 'encore-bench-hour-'));
  const host = readHostEnvironment(process.env);
  const options = { root, results, host: { ...host, base: { ...host.base, ...inspectable } } };
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error(signal)));
  try {
    await using lab = await startBundledLab(options, stop.signal);
    const seen = new QuietHour();
    const runId = `bench-${Date.now()}`;
    const runFolder = join(lab.env['ENCORE_RUNS_DIR'] ?? '', runId);
    print(`${minutes} minutes, ${users} users; evidence in ${runFolder}`);
    const heaps = await runHour({ env: lab.env, runId, runFolder, seen, print, signal: stop.signal });
    const limits = await limitsOf(inspected);
    const ledger = await readFile(join(runFolder, 'ledger.ndjson'), 'utf8');
    const goals = [
      seen.noErrors(print),
      seen.nothingLost(ledger, print),
      seen.budgetKept(music.parameters?.byteBudgetPerSecond ?? Number.NaN, maxOffBudget, print),
      ...inspected.map((name) => heapFlat(name, heaps[name], print)),
      ...inspected.map((name) => seen.residentUnder(name, (limits.get(name) ?? 0) * maxShareOfLimit, print)),
    ];
    return { ok: goals.every(Boolean) };
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

async function runHour(run: {
  env: Readonly<Record<string, string>>;
  runId: string;
  runFolder: string;
  seen: QuietHour;
  print: Print;
  signal: AbortSignal;
}): Promise<Heaps> {
  const { env, runId, seen } = run;
  const url = (name: string): string => env[`ENCORE_${name}_URL`] ?? '';
  const urls = { chaosUrl: url('CHAOS'), loadgenUrl: url('LOADGEN'), tokenFile: env['ENCORE_TOKEN_FILE'] };
  const clients = new ServiceClients(urls);
  const clock = systemClock;
  const fail = (error: unknown): never => {
    throw error;
  };
  await using history = new HistoryWriter((event) => seen.add(event));
  await history.open(join(run.runFolder, 'history.ndjson'), fail);
  const common = {
    clients,
    clock,
    since: clock.now(),
    history,
    onRestart: () => fail(new Error('a program restarted')),
  };
  const loadgen = new EventPoller({ ...common, source: 'loadgen' });
  const chaos = new EventPoller({ ...common, source: 'chaos' });
  const renew = async (answer: Promise<unknown>): Promise<void> => {
    await answer.catch((error: unknown) => run.print(`a lease was not renewed: ${describeError(error)}`));
  };
  const over = new AbortController();
  const loadOver = new AbortController();
  const signal = AbortSignal.any([over.signal, run.signal]);
  // Under a run lease the chaos service reports the usage of each container.
  await clients.takeRunLease(runId);
  await clients.startLoad({ runId, seed: 1, users, rampSeconds, load });
  const loops = [
    loop(clock, 500, signal, async () => void (await loadgen.poll(signal))),
    loop(clock, 500, signal, async () => void (await chaos.poll(signal))),
    loop(clock, 2_000, signal, () => renew(clients.renewRunLease(runId))),
    loop(clock, 2_000, loadOver.signal, () => renew(clients.renewLoadLease(runId))),
  ];
  const heaps = await watchHeaps(env['ENCORE_LOGS_DIR'] ?? '', run);
  seen.budgetEndsAt = clock.now();
  loadOver.abort();
  await loops.at(-1);
  await clients.stopLoad();
  await clients.readBack(runId, true);
  await waitUntil('the read-back', () => seen.readBack !== null, { timeoutMs: 120_000 });
  over.abort();
  await Promise.all(loops);
  await clients.endRunLease(runId);
  return heaps;
}

async function watchHeaps(
  logs: string,
  { seen, print, signal }: { seen: QuietHour; print: Print; signal: AbortSignal },
): Promise<Heaps> {
  const open = (name: string) =>
    InspectedProgram.open(childRunning(`services/${name}/src/main.ts`), join(logs, `${name}.log`));
  const programs = { loadgen: await open('loadgen'), server: await open('server') };
  const heaps: Heaps = { loadgen: [], server: [] };
  const save = async (when: string) => {
    for (const name of snapshots ? inspected : [])
      await programs[name].saveSnapshot(join(snapshots ?? '', `${name}-${when}.heapsnapshot`));
  };
  const startedAt = systemClock.now();
  seen.budgetBeginsAt = startedAt + rampSeconds * 1_000;
  for (let i = 1; i <= samples; i += 1) {
    const at = startedAt + (i * minutes * 60_000) / samples;
    await systemClock.sleep(at - systemClock.now(), signal);
    const hours = (at - startedAt) / 3_600_000;
    for (const name of inspected) heaps[name].push([hours, await programs[name].heapAfterCollection()]);
    const [loadgen, server] = inspected.map((name) => describeHeap(heaps[name].at(-1)?.[1]));
    print(`${(hours * 60).toFixed(1)} min: heap of loadgen ${loadgen}, of server ${server}; ${seen.line()}`);
    if (i === Math.ceil(samples * warmUpShare)) await save('begin');
  }
  await save('end');
  return heaps;
}

function describeHeap(size: HeapSize | undefined): string {
  return `${megabytes(size?.dataBytes ?? 0)} MB and ${megabytes(size?.codeBytes ?? 0)} of code`;
}

function heapFlat(name: string, heap: Heaps['server'], print: Print): boolean {
  const afterWarmUp = heap.slice(Math.ceil(heap.length * warmUpShare));
  const growth = (bytesOf: (size: HeapSize) => number): Slope => {
    const slope = slopeOf(afterWarmUp.map(([hours, size]): Sample => [hours, bytesOf(size)]));
    const [s, l, h] = [slope.slope, slope.low, slope.high].map(megabytes);
    print(`  ${s} MB per hour, 95 % interval ${l} to ${h}`);
    return slope;
  };
  print(`heap of ${name}, without code; code alone; both:`);
  const { low, high } = growth(({ dataBytes }) => dataBytes);
  growth(({ codeBytes }) => codeBytes);
  growth(({ dataBytes, codeBytes }) => dataBytes + codeBytes);
  return low <= 0 && high >= 0;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

/** Memory limits from docker-compose.yml: the load generator has none on the embedded runtime. */
async function limitsOf(names: readonly string[]): Promise<Map<string, number>> {
  const compose = parse(await readFile(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
  return new Map(names.map((name) => [name, bytesOfLimit(String(compose.services[name].mem_limit))]));
}

/** For example `384m`, or `${NAME:-536870912}`, whose default counts. */
function bytesOfLimit(limit: string): number {
  const [, digits, mebibytes] = /(\d+)(m?)\}?$/.exec(limit) ?? [];
  if (digits === undefined) throw new Error(`docker-compose.yml: mem_limit ${limit} has no number of bytes`);
  return Number(digits) * (mebibytes === 'm' ? 2 ** 20 : 1);
}
