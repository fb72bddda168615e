/** `encore monitor`: looks at a run from another terminal, through the orchestrator's API. */
import { refusedExitCode } from '@encore/contracts';
import { type Clock, callJson, EncoreError } from '@encore/kit';
import { z } from 'zod';
import type { Output } from '../progress/progress.ts';
import type { Snapshot } from '../progress/run-view.ts';
import { statusLine } from '../progress/status-lines.ts';
import type { Terminal } from './terminal.ts';

/** The same program answers; what it says is taken as it is once it looks like a snapshot. */
const snapshotSchema = z.custom<Snapshot>(
  (value) => typeof value === 'object' && value !== null && 'runId' in value && 'trend' in value,
  'is not the state of a run',
);

export interface AttachOptions {
  url: string;
  clock: Clock;
  output: Output;
  terminal: Terminal | null;
  stop: AbortSignal;
}

/** Ends when the run does, or when its viewer leaves. */
export async function attach({ url, clock, output, terminal, stop }: AttachOptions): Promise<number> {
  const fetchState = (): Promise<Snapshot> =>
    callJson(`${url.replace(/\/$/, '')}/api/status`, snapshotSchema, { timeoutMs: 3_000, signal: stop });
  try {
    await fetchState();
  } catch (error) {
    const isThere = !(error instanceof EncoreError && error.code === 'UNREACHABLE');
    output.write(
      `There is no run to watch at ${url}: ${isThere ? 'what answers there is not the page of a run' : 'nobody answers there'}\n`,
    );
    output.write("A run's first lines name its live page; give that address, such as --url http://127.0.0.1:8180\n");
    return refusedExitCode;
  }
  const left = new AbortController();
  const signal = AbortSignal.any([stop, left.signal]);
  const leave = (): void => left.abort();
  const screen = await terminal?.openMonitor({
    footer: 'q leaves; the run goes on',
    pageUrl: url,
    onLeave: leave,
    onInterrupt: leave,
  });
  let shown: Snapshot | null = null;
  try {
    while (!signal.aborted) {
      const state: Snapshot | null = await fetchState().catch(() => null);
      // A run that is over closes its port.
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
  if (!signal.aborted) output.write('The run is over; its own terminal and its report tell how.\n');
  return 0;
}
