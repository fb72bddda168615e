/**
 * The terminal monitor, rendered with ink. Read-only: `q` closes it, the run continues. Loaded on
 * demand, because a run without a terminal needs neither ink nor React.
 */
import { Box, render, Text, useInput, useWindowSize } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import type { Screen } from '../progress/progress.ts';
import type { Snapshot } from '../progress/run-view.ts';
import { monitorRows, type Row } from './monitor-rows.ts';

export interface MonitorOptions {
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  /** Explains `q` and Ctrl-C in the last line. */
  footer: string;
  /** Browser address of the live page. */
  pageUrl: string;
  onLeave: () => void;
  onInterrupt: () => void;
}

export function openMonitor(options: MonitorOptions): Screen {
  const screenOf = (state: Snapshot | null): ReactElement => h(MonitorScreen, { options, state });
  const app = render(screenOf(null), {
    stdout: options.stdout,
    stdin: options.stdin,
    exitOnCtrlC: false,
    // The monitor always has a terminal, so ink's CI detection does not apply.
    interactive: true,
    alternateScreen: true,
    maxFps: 5,
  });
  return {
    show: (state) => app.rerender(screenOf(state)),
    close: async () => {
      app.unmount();
      await app.waitUntilExit();
    },
  };
}

function MonitorScreen({ options, state }: { options: MonitorOptions; state: Snapshot | null }): ReactElement {
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    if (key.ctrl && input === 'c') options.onInterrupt();
    else if (input === 'q') options.onLeave();
  });
  const lines =
    state === null ? [[{ text: 'waiting for the run ...' }]] : monitorRows(state, { columns, rows }, options.pageUrl);
  return h(
    Box,
    { flexDirection: 'column', height: Math.max(1, rows - 1) },
    h(
      Box,
      { flexDirection: 'column', flexGrow: 1, overflow: 'hidden' },
      ...lines.map((row, i) => h(Line, { key: i, row })),
    ),
    h(Text, { dimColor: true, wrap: 'truncate' }, options.footer),
  );
}

function Line({ row }: { row: Row }): ReactElement {
  const pieces = row.map(({ text, colour, bold }, i) =>
    h(Text, { key: i, bold: bold === true, ...(colour ? { color: colour } : {}) }, text),
  );
  return h(Text, { wrap: 'truncate' }, ...(pieces.length === 0 ? [' '] : pieces));
}
