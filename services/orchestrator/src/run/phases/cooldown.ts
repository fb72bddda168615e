/** Reverts all faults, waits for the server, and lets the users finish their operations. */
import { waitUntil } from '@encore/kit';
import type { Background } from '../loops/background.ts';
import type { Ending } from '../phase.ts';
import type { RunContext } from '../run-context.ts';
import { attemptAll } from './attempt-all.ts';

/** Timeout of each step after an interrupt: the whole shutdown may take 25 s. */
const interruptedMs = 7_000;
/**
 * The chaos service restarts when the container engine has not responded for 15 s, and the engine
 * itself may take as long to come back.
 */
const chaosBackMs = 60_000;

export async function coolDown(
  context: RunContext,
  background: Background,
  ending: Ending,
  signal: AbortSignal,
): Promise<void> {
  const { clients, clock, run, wiring } = context;
  background.steadyStartsAt = null;
  const isInterrupted = ending.outcome === 'interrupted';
  const call = isInterrupted ? { signal, timeoutMs: interruptedMs } : { signal };
  const revert = [
    { what: 'stopping the schedule', do: () => clients.stopChaos(call) },
    { what: 'reverting the faults', do: () => clients.revert(call) },
  ];
  const stopLoad = {
    what: 'stopping the load',
    do: () => {
      background.endLoadLease();
      return clients.stopLoad(call);
    },
  };
  if (isInterrupted) {
    const both = await Promise.allSettled([attemptAll(revert, signal), attemptAll([stopLoad], signal)]);
    for (const result of both) if (result.status === 'rejected') throw result.reason;
    return;
  }
  const timeoutMs = Math.max(30_000, run.config.recoveryTimeoutSeconds * 1_000);
  const waitForServer = {
    what: `waiting for ${run.system.recoveryOf}`,
    do: () => background.untilServerReady(timeoutMs, signal),
  };
  const waitForChaos = {
    what: 'waiting for the chaos service',
    do: () =>
      waitUntil('the chaos service to be ready', () => clients.isReady(wiring.chaosUrl, { signal }), {
        timeoutMs: chaosBackMs,
        everyMs: 250,
        signal,
        clock,
      }),
  };
  await attemptAll([waitForChaos, ...revert, waitForServer, stopLoad], signal);
}
