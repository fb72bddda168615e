/** Were all promises kept? The server is started anew, so that no memory can hide a loss, and everything is read back. */
import { describeError, EncoreError, waitUntil } from '@encore/kit';
import { readAlertHistory } from '../../history/alert-history.ts';
import type { Background } from '../background.ts';
import type { RunContext } from '../run-context.ts';
import { attemptAll } from './attempt-all.ts';

const readyMs = 60_000;
const readBackMs = 1_800_000;
/** A read-back that does not get on for so long is stuck. */
const stuckMs = 60_000;

export async function verify(context: RunContext, background: Background, signal: AbortSignal): Promise<void> {
  const { peers, runId, clock } = context;
  background.stopSupervisor();
  await attemptAll(
    [
      {
        what: 'restarting the server',
        do: () => peers.startTarget('server', 'restart', { runId, reason: 'verify' }, { signal }),
      },
      {
        what: 'waiting for the server',
        do: () =>
          waitUntil('the server to be ready', () => peers.isServerReady({ signal }), {
            timeoutMs: readyMs,
            signal,
            clock,
          }),
      },
      { what: 'reading back', do: () => readBack(context, signal) },
      { what: 'asking what monitoring saw', do: () => askMonitoring(context, signal) },
      { what: 'looking for leftovers', do: () => peers.checkHygiene({ signal }) },
      { what: 'fetching the last events', do: () => background.drain(signal) },
    ],
    signal,
  );
}

/** Nothing is judged by it, so a Prometheus that does not answer is a source lost from sight and no broken phase. */
async function askMonitoring({ wiring, record, clock, startedAt }: RunContext, signal: AbortSignal): Promise<void> {
  const { prometheusUrl: url } = wiring;
  if (url === undefined) return;
  try {
    const told = await readAlertHistory({ url, fromAt: startedAt, toAt: clock.now(), signal });
    for (const event of told) record.add(event);
  } catch (error) {
    signal.throwIfAborted();
    record.add({ type: 'source_lost', at: clock.now(), source: 'prometheus', reason: describeError(error) });
  }
}

async function readBack({ peers, runId, clock }: RunContext, signal: AbortSignal): Promise<void> {
  const { boot } = await peers.loadStatus({ signal });
  await peers.readBack(runId, true, { signal });
  let best = { done: -1, at: clock.now() };
  const end = await waitUntil(
    'the read-back',
    async () => {
      const { state, boot: bootNow, readBack: progress } = await peers.loadStatus({ signal });
      if (bootNow !== boot) return 'restarted';
      if (state !== 'reading_back') return 'done';
      if (progress !== null && progress.done > best.done) best = { done: progress.done, at: clock.now() };
      return clock.now() - best.at > stuckMs && 'stuck';
    },
    { timeoutMs: readBackMs, everyMs: 200, signal, clock },
  );
  if (end === 'restarted')
    throw new EncoreError('RESTARTED', `the load generator was started anew at ${best.done} scores, with no result`);
  if (end === 'stuck')
    throw new EncoreError('STUCK', `no progress of the read-back for ${stuckMs / 1_000} s, at ${best.done}`);
}
