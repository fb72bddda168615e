/** Everything is undone, the server comes back, the users end what they began. */
import { waitUntil } from '@encore/kit';
import type { Background } from '../background.ts';
import type { Ending } from '../phase.ts';
import type { RunContext } from '../run-context.ts';
import { attemptAll } from './attempt-all.ts';

/** Of the 25 s that an interrupted run may take, as each of its steps is bounded. */
const hurriedMs = 7_000;
/**
 * The chaos service restarts when the container engine has not responded for 15 s, and the engine
 * itself may need as long.
 */
const chaosBackMs = 60_000;

export async function heal(
  context: RunContext,
  background: Background,
  ending: Ending,
  signal: AbortSignal,
): Promise<void> {
  const { peers, clock, config, wiring } = context;
  background.steadyStartsAt = null;
  const isHurried = ending.how === 'interrupted';
  const call = isHurried ? { signal, timeoutMs: hurriedMs } : { signal };
  const undo = [
    { what: 'stopping the faults', do: () => peers.stopChaos(call) },
    { what: 'healing', do: () => peers.heal(call) },
  ];
  const stopLoad = {
    what: 'stopping the load',
    do: () => {
      background.endLoadLease();
      return peers.stopLoad(call);
    },
  };
  if (isHurried) {
    const both = await Promise.allSettled([attemptAll(undo, signal), attemptAll([stopLoad], signal)]);
    for (const result of both) if (result.status === 'rejected') throw result.reason;
    return;
  }
  const timeoutMs = Math.max(30_000, config.recoveryTimeoutSeconds * 1_000);
  const comeBack = {
    what: 'waiting for the server',
    do: () =>
      waitUntil('the server to be ready', () => background.watch.sight?.ready === true, { timeoutMs, signal, clock }),
  };
  const chaosBack = {
    what: 'waiting for the chaos service',
    do: () =>
      waitUntil('the chaos service to be ready', () => peers.isReady(wiring.chaosUrl, { signal }), {
        ...{ timeoutMs: chaosBackMs, everyMs: 250, signal, clock },
      }),
  };
  await attemptAll([chaosBack, ...undo, comeBack, stopLoad], signal);
}
