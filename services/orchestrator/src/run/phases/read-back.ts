/** Restarts the server, so that no cache can hide a loss, and reads every object back. */
import { readBackTimeoutMs } from '@encore/contracts';
import { describeError, EncoreError, readyUrls, replicasOf, waitUntil } from '@encore/kit';
import { readAlertHistory } from '../../history/alert-history.ts';
import type { Background } from '../loops/background.ts';
import type { RunContext } from '../run-context.ts';
import { attemptAll } from './attempt-all.ts';

const readyMs = 60_000;

export async function readBack(context: RunContext, background: Background, signal: AbortSignal): Promise<void> {
  const { clients, clock } = context;
  const { system } = context.run;
  background.stopSupervisor();
  await attemptAll(
    [
      {
        what: `restarting ${system.recoveryOf}`,
        do: async () => {
          for (const target of replicasOf(system, system.recoveryOf)) await restart(target, context, signal);
        },
      },
      {
        what: `waiting for ${system.recoveryOf}`,
        do: () =>
          waitUntil(`${system.recoveryOf} to be ready`, () => clients.allAnswerOk(readyUrls(system), { signal }), {
            timeoutMs: readyMs,
            signal,
            clock,
          }),
      },
      { what: 'reading back', do: () => readObjectsBack(context, signal) },
      { what: 'reading the alert history', do: () => recordAlertHistory(context, signal) },
      { what: 'checking for leftovers', do: () => clients.checkHygiene({ signal }) },
      { what: 'fetching the last events', do: () => background.drain(signal) },
    ],
    signal,
  );
}

/** Retried, because an engine that is away may have stopped the target without starting it. */
async function restart(target: string, { clients, clock, run }: RunContext, signal: AbortSignal): Promise<void> {
  const reason = { runId: run.id, reason: 'read-back' } as const;
  await waitUntil(
    `${target} to restart`,
    async () => {
      await clients.startTarget(target, 'restart', reason, { signal });
      return true;
    },
    { timeoutMs: readyMs, everyMs: 1_000, signal, clock },
  );
}

/**
 * Not part of the verdict: does nothing without Prometheus; if the query fails, only records a lost
 * source.
 */
async function recordAlertHistory({ wiring, history, clock, run }: RunContext, signal: AbortSignal): Promise<void> {
  const { prometheusUrl: url } = wiring;
  if (url === undefined) return;
  try {
    const events = await readAlertHistory({ url, fromAt: run.startedAt, toAt: clock.now(), signal });
    for (const event of events) history.add(event);
  } catch (error) {
    signal.throwIfAborted();
    history.add({ type: 'source_lost', at: clock.now(), source: 'prometheus', reason: describeError(error) });
  }
}

async function readObjectsBack({ clients, run, clock }: RunContext, signal: AbortSignal): Promise<void> {
  const { instanceId } = await clients.loadStatus({ signal });
  await clients.readBack(run.id, true, { signal });
  let done = 0;
  const end = await waitUntil(
    'the read-back',
    async () => {
      const status = await clients.loadStatus({ signal });
      const { state, instanceId: instanceIdNow, readBack: progress, readBackFailure } = status;
      if (instanceIdNow !== instanceId) return 'restarted';
      if (state !== 'reading_back') return { failure: readBackFailure };
      done = progress?.done ?? done;
      return false;
    },
    { timeoutMs: readBackTimeoutMs, everyMs: 200, signal, clock },
  );
  if (end === 'restarted')
    throw new EncoreError(
      'RESTARTED',
      `the load generator restarted after reading ${done} objects and lost the result`,
    );
  if (end.failure !== null) throw new Error(end.failure);
}
