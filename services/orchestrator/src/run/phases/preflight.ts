/** Can a run start at all? Waits a little for services that are still coming up, then takes the run lease. */
import type { EngineInfo } from '@encore/contracts';
import { describeError, EncoreError, waitUntil } from '@encore/kit';
import type { RunContext } from '../run-context.ts';

export interface PreflightLimits {
  readyMs: number;
  /** As long as a lease lives that its holder left behind. */
  leaseMs: number;
}

export const preflightLimits: PreflightLimits = { readyMs: 60_000, leaseMs: 12_000 };

export async function preflight(
  context: Pick<RunContext, 'peers' | 'wiring' | 'runId' | 'progress' | 'clock'>,
  limits: PreflightLimits,
  signal: AbortSignal,
): Promise<EngineInfo> {
  const { peers, wiring, runId, progress, clock } = context;
  const checks = [
    {
      what: 'guard',
      fix: 'is it running? `docker compose logs guard`',
      probe: () => peers.isReady(wiring.guardUrl, { signal }),
    },
    {
      what: 'chaos',
      fix: 'is it running? `docker compose logs chaos`',
      probe: () => peers.isReady(wiring.chaosUrl, { signal }),
    },
    {
      what: 'load generator',
      fix: 'is it running? `docker compose logs loadgen`',
      probe: () => peers.isReady(wiring.loadgenUrl, { signal }),
    },
    {
      what: 'server',
      fix: '`docker compose logs server`; `encore heal` undoes faults that were left behind',
      probe: () => peers.isServerReady({ signal }),
    },
  ];
  const results = await Promise.allSettled(
    checks.map(({ what, probe }) =>
      waitUntil(`the ${what} to be ready`, probe, { timeoutMs: limits.readyMs, everyMs: 250, signal, clock }),
    ),
  );
  signal.throwIfAborted();
  const problems = results.flatMap((result, i) =>
    result.status === 'rejected' ? [`${checks[i]?.what}: ${describeError(result.reason)}; ${checks[i]?.fix}`] : [],
  );
  if (problems.length > 0) throw new EncoreError('PREFLIGHT', problems.join('\n'), { definite: true });
  let told = false;
  const held = (error: unknown): false => {
    if (!(error instanceof EncoreError) || error.code !== 'RUN_HELD') throw error;
    if (!told)
      progress.say(
        `another run is going on: ${error.message}; waiting ${limits.leaseMs / 1_000} s for its lease to end`,
      );
    told = true;
    throw error;
  };
  await waitUntil('the run lease', () => peers.takeRunLease(runId, { signal }).then(() => true, held), {
    timeoutMs: limits.leaseMs,
    everyMs: 1_000,
    signal,
    clock,
  });
  return await peers.engine({ signal, timeoutMs: 10_000 });
}
