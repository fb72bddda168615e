/** Can a run start at all? Waits a little for services that are still coming up, goes through a checklist, takes the run lease. */
import type { EngineInfo } from '@encore/contracts';
import { EncoreError, messageOf, waitUntil } from '@encore/kit';
import type { Wiring } from '../../config.ts';
import { clockAhead, clockCheck } from '../clock-check.ts';
import { folderChecks } from '../folder-checks.ts';
import { eventLoopDelayP99Ms, generatorCheck } from '../generator-check.ts';
import { type Check, checkText, engineChecks } from '../lab-checks.ts';
import type { Peers } from '../peers.ts';
import type { RunContext } from '../run-context.ts';

export interface PreflightLimits {
  readyMs: number;
  /** As long as a lease lives that its holder left behind. */
  leaseMs: number;
  /** How long the load generator is watched while it has nothing to do. */
  idleMs: number;
}

export const preflightLimits: PreflightLimits = { readyMs: 60_000, leaseMs: 12_000, idleMs: 1_000 };

type PreflightContext = Pick<RunContext, 'peers' | 'wiring' | 'runId' | 'clock' | 'config' | 'plan'> & {
  say: (text: string) => void;
};

/** Throws PREFLIGHT with every failed line; a warning is told and lets the run begin. */
export async function preflight(
  context: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<EngineInfo> {
  const { checks, engine } = await inspectLab(context, limits, signal);
  const failed = checks.filter(({ state }) => state === 'fail');
  if (failed.length > 0 || engine === null)
    throw new EncoreError('PREFLIGHT', failed.map(checkText).join('\n'), { definite: true });
  for (const check of checks) if (check.state === 'warn') context.say(checkText(check));
  await takeLease(context, limits, signal);
  await endAbandonedRun(context, signal);
  return engine;
}

/** Who holds the lease owns the lab: an orchestrator that was killed may have left its plan with chaos and its users with the load generator. */
async function endAbandonedRun({ peers }: PreflightContext, signal: AbortSignal): Promise<void> {
  await Promise.all([peers.stopChaos({ signal }), peers.stopLoad({ signal })]);
}

/** The checklist alone. */
export async function inspectLab(
  context: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<{ checks: Check[]; engine: EngineInfo | null }> {
  const { peers, wiring, config, plan } = context;
  const checks = await servicesReady(context, limits, signal);
  checks.push(...(await folderChecks(wiring, config.hours)));
  try {
    const engine = await peers.engine({ signal, timeoutMs: 10_000 });
    const clocks = clocksOf(context, engine, signal);
    const delay = idleDelay(context, limits.idleMs, signal);
    checks.push(...engineChecks(engine, plan));
    checks.push(clockCheck(await clocks));
    checks.push(generatorCheck(engine.cores, config, await delay));
    return { checks, engine };
  } catch (error) {
    signal.throwIfAborted();
    checks.push({ name: 'engine', state: 'fail', found: messageOf(error), fix: logsOf('chaos', wiring) });
    return { checks, engine: null };
  }
}

/** The chaos service compares the engine's clock with its own; here its clock is compared with ours. */
async function clocksOf({ peers, wiring, clock }: PreflightContext, engine: EngineInfo, signal: AbortSignal) {
  const chaos = clockAhead('chaos', () => peers.timeOf(wiring.chaosUrl, { signal }), clock);
  const { clockAheadMs } = engine;
  return await Promise.allSettled([
    chaos,
    clockAhead('load generator', () => peers.timeOf(wiring.loadgenUrl, { signal }), clock),
    ...(clockAheadMs === null
      ? []
      : [chaos.then(({ aheadMs }) => ({ name: 'engine', aheadMs: aheadMs + clockAheadMs }))]),
  ]);
}

/** Each answer begins the measurement anew; the first one still holds the start of the program. */
async function idleDelay({ peers, wiring, clock }: PreflightContext, forMs: number, signal: AbortSignal) {
  try {
    await peers.metricsOf(wiring.loadgenUrl, { signal });
    await clock.sleep(forMs, signal);
    return eventLoopDelayP99Ms(await peers.metricsOf(wiring.loadgenUrl, { signal }));
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Without Docker the refusal ends with where the logs are. */
const logsOf = (service: string, { logsDir }: Wiring): string =>
  logsDir === undefined
    ? `is it running? look at \`docker compose ps -a ${service}\` and \`docker compose logs ${service}\``
    : `look at ${service}.log in the folder that is named below`;

async function servicesReady(
  { peers, wiring, clock }: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<Check[]> {
  const services = [
    { name: 'chaos', fix: logsOf('chaos', wiring), probe: () => peers.isReady(wiring.chaosUrl, { signal }) },
    {
      name: 'load generator',
      fix: logsOf('loadgen', wiring),
      probe: () => peers.isReady(wiring.loadgenUrl, { signal }),
    },
    {
      name: 'server and database',
      fix: `${logsOf('server', wiring)}; \`${wiring.command} heal\` undoes faults that were left behind`,
      probe: () => peers.isServerReady({ signal }),
    },
  ];
  const waiting = { timeoutMs: limits.readyMs, everyMs: 250, signal, clock };
  const results = await Promise.allSettled(
    services.map(({ name, probe }) => waitUntil(`${name} to be ready`, probe, waiting)),
  );
  signal.throwIfAborted();
  const checks = services.map(({ name, fix }, i): Check => {
    const result = results[i];
    if (result?.status !== 'rejected') return { name, state: 'ok', found: 'ready' };
    return { name, state: 'fail', found: messageOf(result.reason), fix };
  });
  const server = checks.at(-1);
  if (server?.state !== 'fail') return checks;
  server.found += await targetsText(peers, signal);
  server.quote = await endOfLog(peers, clock, signal);
  return checks;
}

const quotedLines = 5;
const quotedColumns = 300;
/** A server that cannot start prints why each time, at least once a minute: the engine's back-off ends there. */
const quotedWithinMs = 10 * 60_000;

/** What the server printed last; nothing when the chaos service cannot read it. */
async function endOfLog(peers: Peers, clock: RunContext['clock'], signal: AbortSignal): Promise<string[]> {
  const log = await peers.log('server', clock.now() - quotedWithinMs, { signal }).catch(() => '');
  signal.throwIfAborted();
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-quotedLines).map((line) => line.slice(0, quotedColumns));
}

/** What the engine knows of containers that cannot answer for themselves; nothing when chaos cannot be asked. */
async function targetsText(peers: Peers, signal: AbortSignal): Promise<string> {
  const targets = await peers.targets({ signal, timeoutMs: 10_000 }).catch(() => []);
  signal.throwIfAborted();
  const texts = targets.map(({ target, status, exitCode }) => {
    const code = status === 'exited' || status === 'restarting' ? ` (exit code ${exitCode})` : '';
    return `${target} is ${status}${code}`;
  });
  return texts.length === 0 ? '' : `. Containers: ${texts.join(', ')}`;
}

async function takeLease(
  { peers, runId, clock, say }: PreflightContext,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<void> {
  const endsAt = clock.now() + limits.leaseMs;
  for (let told = false; ; told = true) {
    try {
      await peers.takeRunLease(runId, { signal });
      return;
    } catch (error) {
      // An orchestrator that was killed leaves its lease behind for some seconds.
      const isHeld = error instanceof EncoreError && error.code === 'RUN_HELD';
      if (!isHeld || clock.now() > endsAt) throw error;
      if (!told) say(`${error.message}; waiting ${Math.round(limits.leaseMs / 1_000)} s for that lease to end`);
      await clock.sleep(Math.min(1_000, limits.leaseMs), signal);
    }
  }
}
