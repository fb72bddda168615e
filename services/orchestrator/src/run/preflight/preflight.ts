/** Waits for services that are still starting, runs the preflight checks, takes the lease. */
import type { EngineInfo } from '@encore/contracts';
import { EncoreError, messageOf, readyUrls, waitUntil } from '@encore/kit';
import type { Wiring } from '../../config.ts';
import type { ServiceClients } from '../../service-clients.ts';
import type { Run, RunContext } from '../run-context.ts';
import { clockAhead, clockCheck } from './clock-check.ts';
import { engineChecks, unansweredProxies } from './engine-checks.ts';
import { folderChecks } from './folder-checks.ts';
import { eventLoopDelayP99Ms, generatorCheck } from './generator-check.ts';
import { checkText, fail, ok, type PreflightCheck } from './preflight-check.ts';

export interface PreflightLimits {
  readyMs: number;
  /** Time until an abandoned lease expires. */
  leaseMs: number;
  /** How long the idle load generator is observed. */
  idleMs: number;
}

export const preflightLimits: PreflightLimits = { readyMs: 60_000, leaseMs: 12_000, idleMs: 1_000 };

type PreflightContext = Pick<RunContext, 'clients' | 'wiring' | 'clock' | 'print'> & {
  run: Pick<Run, 'id' | 'config' | 'plan' | 'system'>;
};

/** Throws PREFLIGHT with all failed checks. Prints warnings, which do not prevent the run. */
export async function preflight(
  context: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<EngineInfo> {
  const { checks, engine } = await inspectLab(context, limits, signal);
  const failed = checks.filter(({ state }) => state === 'fail');
  if (failed.length > 0 || engine === null) throw new EncoreError('PREFLIGHT', failed.map(checkText).join('\n'));
  for (const check of checks) if (check.state === 'warn') context.print(checkText(check));
  await takeLease(context, limits, signal);
  // Schedule and load of a killed orchestrator end here; this needs the lease.
  await Promise.all([context.clients.stopChaos({ signal }), context.clients.stopLoad({ signal })]);
  return engine;
}

/** Runs the preflight checks without taking the lease. */
export async function inspectLab(
  context: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<{ checks: PreflightCheck[]; engine: EngineInfo | null }> {
  const { wiring, run } = context;
  const { config, plan } = run;
  const checks = await servicesReady(context, limits, signal);
  const areReady = checks.every(({ state }) => state !== 'fail');
  checks.push(...(await folderChecks(wiring, config.hours)));
  try {
    // A server that is not ready by now does not answer through its proxy either.
    const engine = await (areReady ? answeringEngine(context, limits, signal) : readEngine(context, signal));
    const clocks = clocksOf(context, engine, signal);
    const delay = idleDelay(context, limits.idleMs, signal);
    checks.push(...engineChecks(engine, plan));
    checks.push(clockCheck(await clocks));
    checks.push(generatorCheck(engine.cores, config, await delay));
    return { checks, engine };
  } catch (error) {
    signal.throwIfAborted();
    checks.push(fail('engine', messageOf(error), logsOf('chaos', wiring)));
    return { checks, engine: null };
  }
}

const readEngine = ({ clients }: PreflightContext, signal: AbortSignal): Promise<EngineInfo> =>
  clients.engine({ signal, timeoutMs: 10_000 });

/** Waits until the targets answer through their proxies: some may still be starting. */
async function answeringEngine(
  context: PreflightContext,
  { readyMs }: PreflightLimits,
  signal: AbortSignal,
): Promise<EngineInfo> {
  const { clock, run } = context;
  let engine = await readEngine(context, signal);
  const isAnswered = async () => {
    if (unansweredProxies(engine, run.plan).length === 0) return true;
    engine = await readEngine(context, signal);
    return false;
  };
  await waitUntil('answers through the proxies', isAnswered, {
    timeoutMs: readyMs,
    everyMs: 1_000,
    signal,
    clock,
  }).catch(() => signal.throwIfAborted());
  return engine;
}

/** Compares the services' clocks with ours; the engine's offset is relative to chaos. */
async function clocksOf({ clients, wiring, clock }: PreflightContext, engine: EngineInfo, signal: AbortSignal) {
  const chaos = clockAhead('chaos', () => clients.timeOf(wiring.chaosUrl, { signal }), clock);
  const { clockAheadMs } = engine;
  return await Promise.allSettled([
    chaos,
    clockAhead('load generator', () => clients.timeOf(wiring.loadgenUrl, { signal }), clock),
    ...(clockAheadMs === null
      ? []
      : [chaos.then(({ aheadMs }) => ({ name: 'engine', aheadMs: aheadMs + clockAheadMs }))]),
  ]);
}

/** Each scrape resets the measurement; the first, which includes the start, is discarded. */
async function idleDelay({ clients, wiring, clock }: PreflightContext, forMs: number, signal: AbortSignal) {
  try {
    await clients.metricsOf(wiring.loadgenUrl, { signal });
    await clock.sleep(forMs, signal);
    return eventLoopDelayP99Ms(await clients.metricsOf(wiring.loadgenUrl, { signal }));
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Where to find a service's log. Without Docker, the refusal ends with the log folder. */
function logsOf(service: string, { logsDir, logsHint }: Wiring): string {
  if (logsHint !== undefined) return logsHint;
  return logsDir === undefined
    ? `check its state with \`docker compose ps -a ${service}\` and its log with \`docker compose logs ${service}\``
    : `see ${service}.log in the folder named below`;
}

async function servicesReady(
  { clients, wiring, clock, run }: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<PreflightCheck[]> {
  const { system } = run;
  const { recoveryOf } = system;
  const services = [
    { name: 'chaos', fix: logsOf('chaos', wiring), probe: () => clients.isReady(wiring.chaosUrl, { signal }) },
    {
      name: 'load generator',
      fix: logsOf('loadgen', wiring),
      probe: () => clients.isReady(wiring.loadgenUrl, { signal }),
    },
    {
      name: `${recoveryOf} and its dependencies`,
      // A run of a user's project starts a new copy, which no earlier fault can have changed.
      fix: `make sure that health.ready of ${recoveryOf} is a URL that answers 200 once ${recoveryOf} is ready; ${logsOf(recoveryOf, wiring)}${wiring.logsHint === undefined ? `; revert leftover faults with \`${wiring.command} revert\`` : ''}`,
      probe: () => clients.allAnswerOk(readyUrls(system), { signal }),
    },
  ];
  const waiting = { timeoutMs: limits.readyMs, everyMs: 250, signal, clock };
  const results = await Promise.allSettled(
    services.map(({ name, probe }) => waitUntil(`${name} to be ready`, probe, waiting)),
  );
  signal.throwIfAborted();
  const checks = services.map(({ name, fix }, i): PreflightCheck => {
    const result = results[i];
    if (result?.status !== 'rejected') return ok(name, 'ready');
    return fail(name, messageOf(result.reason), fix);
  });
  const server = checks.at(-1);
  if (server?.state !== 'fail') return checks;
  server.found += await targetsText(clients, signal);
  server.quote = await endOfLog(recoveryOf, clients, clock, signal);
  return checks;
}

const quotedLines = 5;
const quotedColumns = 300;
/**
 * A server that fails to start logs the reason at least once a minute, the engine's maximum
 * back-off.
 */
const quotedWithinMs = 10 * 60_000;

/** The last lines of the server's log; empty if the chaos service cannot read it. */
async function endOfLog(
  service: string,
  clients: ServiceClients,
  clock: RunContext['clock'],
  signal: AbortSignal,
): Promise<string[]> {
  const log = await clients.log(service, clock.now() - quotedWithinMs, { signal }).catch(() => '');
  signal.throwIfAborted();
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-quotedLines).map((line) => line.slice(0, quotedColumns));
}

/** The engine's view of the containers; empty if the chaos service does not respond. */
async function targetsText(clients: ServiceClients, signal: AbortSignal): Promise<string> {
  const targets = await clients.targets({ signal, timeoutMs: 10_000 }).catch(() => []);
  signal.throwIfAborted();
  const texts = targets.map(({ target, status, exitCode }) => {
    const code = status === 'exited' || status === 'restarting' ? ` (exit code ${exitCode})` : '';
    return `${target} is ${status}${code}`;
  });
  return texts.length === 0 ? '' : `. Containers: ${texts.join(', ')}`;
}

async function takeLease(
  { clients, run, clock, print }: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<void> {
  const endsAt = clock.now() + limits.leaseMs;
  for (let isReported = false; ; isReported = true) {
    try {
      await clients.takeRunLease(run.id, { signal });
      return;
    } catch (error) {
      // The lease of a killed orchestrator expires after a few seconds.
      const isHeld = error instanceof EncoreError && error.code === 'RUN_HELD';
      if (!isHeld || clock.now() > endsAt) throw error;
      if (!isReported)
        print(
          `another run is using the lab; waiting up to ${Math.round(limits.leaseMs / 1_000)} s in case it was killed`,
        );
      await clock.sleep(Math.min(1_000, limits.leaseMs), signal);
    }
  }
}
