/** `encore monitor`: shows a run in another terminal, through the orchestrator's API. */
import { refusedExitCode } from '@encore/contracts';
import { type Clock, callJson, EncoreError } from '@encore/kit';
import { z } from 'zod';
import type { Output } from '../progress/progress.ts';
import type { Snapshot } from '../progress/run-view.ts';
import { statusLine } from '../progress/status-lines.ts';
import type { Terminal } from './terminal.ts';

/** Both ends are the same program, so this only checks that the response is a snapshot at all. */
const snapshotSchema = z.custom<Snapshot>(
  (value) => typeof value === 'object' && value !== null && 'runId' in value && 'trend' in value,
  'not the state of a run',
);

export interface AttachContext {
  clock: Clock;
  display: { output: Output; terminal: Terminal | null };
  stop: AbortSignal;
}

/** Returns when the run ends or the user closes the monitor. */
export async function attach(url: string, { clock, display, stop }: AttachContext): Promise<number> {
  const { output, terminal } = display;
  const fetchState = (): Promise<Snapshot> =>
    callJson(`${url.replace(/\/$/, '')}/api/status`, snapshotSchema, { timeoutMs: 3_000, signal: stop });
  try {
    await fetchState();
  } catch (error) {
    const isReachable = !(error instanceof EncoreError && error.code === 'UNREACHABLE');
    output.write(`No run at ${url}: ${isReachable ? 'the response is not from a run' : 'no response'}\n`);
    output.write('Give the address of the live page that the run prints when it starts, such as\n');
    output.write('  --url http://127.0.0.1:8180\n');
    return refusedExitCode;
  }
  const left = new AbortController();
  const signal = AbortSignal.any([stop, left.signal]);
  const leave = (): void => left.abort();
  const screen = await terminal?.openMonitor({
    footer: 'q: close the monitor, the run continues',
    pageUrl: url,
    onLeave: leave,
    onInterrupt: leave,
  });
  let shown: Snapshot | null = null;
  try {
    while (!signal.aborted) {
      const state: Snapshot | null = await fetchState().catch(() => null);
      // A finished run closes its port.
      if (state === null) break;
      if (screen) screen.show(state);
      else if (shown === null || shown.phase !== state.phase || state.now - shown.now >= 10_000) {
        output.write(`${statusLine(state)}\n`);
        shown = state;
      }
      if (state.phase === 'over') break;
      await clock.sleep(1_000, signal).catch(() => undefined);
    }
  } finally {
    await screen?.close();
  }
  if (!signal.aborted) output.write('The run is over. Its own terminal and its report show the verdict.\n');
  return 0;
}
