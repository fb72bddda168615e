/**
 * Cost of monitoring: the lab of docker-compose.yml with its Prometheus and its real rules, under a
 * smoke run of 100 users. The engine measures Prometheus' container each second, Prometheus its own
 * process; only the time with all users counts. After the run each program is scraped many times to
 * measure the cost of a scrape.
 *
 * Limits (issue: watching): Prometheus and all scrapes together under 2 % of one core, Prometheus
 * under 300 MB. Without a Docker engine they count as missed.
 *
 * A few minutes do not cover rules over hours, whose windows are not full yet; those are evaluated
 * every 30 s.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describeError, systemClock } from '../packages/kit/src/index.ts';
import { DockerEngine } from '../services/chaos/src/injector/docker-engine.ts';
import type { ContainerStats } from '../services/chaos/src/injector/engine.ts';
import { runCommand, tail } from '../test/support/command.ts';
import { freeLabPorts } from '../test/support/free-port.ts';
import { Prometheus, type Range } from '../test/support/prometheus.ts';

const users = 100;
const hours = Number(process.env['ENCORE_BENCH_MINUTES'] || 3) / 60;
const limits = { cpuShare: 0.02, memoryBytes: 300e6 };
const project = 'encore-bench';
const scrapes = 200;
const idleMs = 5_000;
/** Further programs that do work when the given one is scraped. */
const behind: Record<string, string[]> = { 'postgres-exporter': ['postgres'] };

type Print = (line: string) => void;
type Compose = (args: string[], timeoutMs: number) => Promise<string>;

export async function benchWatchingCost(print: Print = console.log): Promise<{ ok: boolean }> {
  const engine = new DockerEngine(process.env['ENCORE_DOCKER_SOCKET'] || '/var/run/docker.sock');
  try {
    await engine.facts(AbortSignal.timeout(10_000));
  } catch (error) {
    print(`no Docker engine, so there is no Prometheus to measure: ${describeError(error)}`);
    return { ok: false };
  }
  const env = await freeLabPorts();
  const compose: Compose = async (args, timeoutMs) => {
    const { exitCode, stdout, stderr } = await runCommand('docker', ['compose', '-p', project, ...args], {
      timeoutMs,
      env,
    });
    // The exit code of a run is its verdict on the server, which does not matter here.
    if (exitCode !== 0 && args[0] !== 'run') throw new Error(`docker compose ${args[0]}: ${tail(stderr)}`);
    return stdout;
  };
  try {
    await compose(['build', '--quiet'], 600_000);
    await compose(['up', '-d', '--wait', '--scale', 'orchestrator=0'], 180_000);
    const prometheus = new Prometheus(`http://127.0.0.1:${env.ENCORE_PORT_PROMETHEUS}`);
    const cost = await costOfPrometheus(prometheus, await watchRun(engine, compose), print);
    if (cost === null) return { ok: false };
    const share = cost.cpuShare + (await costOfScrapes(engine, compose, print));
    print(
      `monitoring: ${percent(share)} of one core, including the health check (goal: under ${percent(limits.cpuShare)})`,
    );
    print(`peak memory of Prometheus: ${megabytes(cost.peakBytes)} (goal: under ${megabytes(limits.memoryBytes)})`);
    return { ok: share < limits.cpuShare && cost.peakBytes < limits.memoryBytes };
  } finally {
    await compose(['down', '-v', '--timeout', '5'], 120_000);
  }
}

interface Sample extends ContainerStats {
  at: number;
}

/** Samples Prometheus' container each second during a whole run. */
async function watchRun(engine: DockerEngine, compose: Compose): Promise<Sample[]> {
  const id = await containerOf(engine, 'prometheus');
  const over = new AbortController();
  const samples: Sample[] = [];
  const watching = (async () => {
    while (!over.signal.aborted) {
      samples.push({ at: systemClock.now(), ...(await statsOf(engine, id)) });
      await systemClock.sleep(1_000, over.signal).catch(() => {});
    }
  })();
  const settings = ['--profile', 'smoke', '--seed', '7', '--users', String(users), '--hours', hours.toFixed(4)];
  const run = ['run', '--rm', '--service-ports', '--use-aliases', 'orchestrator', ...settings, '--no-monitor'];
  await compose(run, hours * 3_600_000 + 240_000);
  over.abort();
  await watching;
  return samples;
}

/** Cost of its container while all users are active; null when that time is too short. */
async function costOfPrometheus(
  prometheus: Prometheus,
  samples: readonly Sample[],
  print: Print,
): Promise<{ cpuShare: number; peakBytes: number } | null> {
  const whole = { fromMs: samples[0]?.at ?? 0, toMs: samples.at(-1)?.at ?? 0 };
  const busy = (await pointsOf(prometheus, `loadgen_users >= ${users}`, whole)).map(({ at }) => at);
  const range = { fromMs: Math.min(...busy), toMs: Math.max(...busy) };
  const seconds = (range.toMs - range.fromMs) / 1_000;
  if (!(seconds > 60)) {
    print(`all ${users} users were active for only ${seconds} s`);
    return null;
  }
  const inside = samples.filter(({ at }) => at >= range.fromMs && at <= range.toMs);
  const cpuShare = ((inside.at(-1)?.cpuSeconds ?? Number.NaN) - (inside[0]?.cpuSeconds ?? Number.NaN)) / seconds;
  const shareOf = async (counter: string): Promise<number> => {
    const points = await pointsOf(prometheus, counter, range);
    return ((points.at(-1)?.value ?? Number.NaN) - (points[0]?.value ?? Number.NaN)) / seconds;
  };
  const own = await shareOf('process_cpu_seconds_total{job="prometheus"}');
  const ruling = await shareOf('sum(prometheus_rule_group_duration_seconds_sum)');
  const perSecond = await shareOf('sum(prometheus_tsdb_head_samples_appended_total)');
  const resident = await pointsOf(prometheus, 'process_resident_memory_bytes{job="prometheus"}', range);
  print(`${seconds.toFixed(0)} s with ${users} users, ${perSecond.toFixed(0)} samples a second`);
  print(`  Prometheus: ${percent(own)} of one core, its container with the health check ${percent(cpuShare)}`);
  print(`  rules were being evaluated for ${percent(ruling)} of the time`);
  const peakBytes = Math.max(...resident.map(({ value }) => value), ...inside.map(({ memoryBytes }) => memoryBytes));
  return { cpuShare, peakBytes };
}

/** Share of one core used by scrapes of all programs except the orchestrator, which has exited. */
async function costOfScrapes(engine: DockerEngine, compose: Compose, print: Print): Promise<number> {
  let sum = 0;
  for (const [job, target] of await scraped()) {
    const ids = await Promise.all([job, ...(behind[job] ?? [])].map((service) => containerOf(engine, service)));
    const cpuSeconds = async (): Promise<number> =>
      (await Promise.all(ids.map((id) => statsOf(engine, id)))).reduce((total, one) => total + one.cpuSeconds, 0);
    const measured = async (act: () => Promise<unknown>): Promise<{ cpu: number; seconds: number }> => {
      const [before, startedAt] = [await cpuSeconds(), performance.now()];
      await act();
      return { cpu: (await cpuSeconds()) - before, seconds: (performance.now() - startedAt) / 1_000 };
    };
    const idle = await measured(() => systemClock.sleep(idleMs));
    const ask = `wget -q -O /dev/null --header 'Accept-Encoding: gzip' http://${target}/metrics`;
    const loop = `i=0; while [ $i -lt ${scrapes} ]; do ${ask} || exit 1; i=$((i + 1)); done`;
    const scrapeLoad = await measured(() => compose(['exec', '-T', 'prometheus', 'sh', '-c', loop], 120_000));
    const perScrape = Math.max(0, scrapeLoad.cpu - (idle.cpu / idle.seconds) * scrapeLoad.seconds) / scrapes;
    sum += perScrape;
    print(
      `  a scrape of ${[job, ...(behind[job] ?? [])].join(' and ')} costs ${(perScrape * 1_000).toFixed(2)} ms of CPU there`,
    );
  }
  print(`  all of them, every 5 s: ${percent(sum / 5)} of one core`);
  return sum / 5;
}

async function scraped(): Promise<[job: string, target: string][]> {
  const path = join(import.meta.dirname, '..', 'prometheus', 'prometheus.yml');
  const { scrape_configs: jobs } = parse(await readFile(path, 'utf8')) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  return jobs
    .filter(({ job_name: job }) => job !== 'orchestrator' && job !== 'prometheus')
    .map(({ job_name: job, static_configs: configs }) => [job, configs[0]?.targets[0] ?? '']);
}

async function containerOf(engine: DockerEngine, service: string): Promise<string> {
  const listed = await engine.list(project, AbortSignal.timeout(10_000));
  const found = listed.find(({ labels }) => labels['com.docker.compose.service'] === service);
  if (!found) throw new Error(`no container of service ${service} found`);
  return found.id;
}

function statsOf(engine: DockerEngine, id: string): Promise<ContainerStats> {
  return engine.stats(id, AbortSignal.timeout(10_000));
}

async function pointsOf(prometheus: Prometheus, query: string, range: Range): Promise<{ at: number; value: number }[]> {
  return (await prometheus.range(query, range)).flatMap(({ points }) => points);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
