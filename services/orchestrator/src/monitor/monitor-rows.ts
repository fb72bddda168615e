/**
 * Renders the monitor's screen as rows of coloured text for terminals of at least 80x24. Ink
 * truncates the rows at the edge of the screen.
 */
import type { AlertLevel } from '@encore/contracts';
import type { Kill, Snapshot } from '../progress/run-view.ts';
import { clockTime, durationText, progressOf, serverText, timeText } from '../progress/status-lines.ts';
import { systemFacts } from '../progress/system-facts.ts';

export type Colour = 'green' | 'yellow' | 'red' | 'cyan' | 'gray';
export interface Piece {
  text: string;
  colour?: Colour;
  bold?: boolean;
}
export type Row = Piece[];

const minColumns = 80;
const minRows = 24;
/** Rows that are always shown; kills and alerts share the rest. */
const fixedRows = 19;
/** Minimum height to show the machine and the request counts too. */
const largeRows = 37;
const extraRows = 9;

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

export interface Size {
  columns: number;
  rows: number;
}

export function monitorRows(state: Snapshot, size: Size, pageUrl: string): Row[] {
  const { columns: width, rows } = size;
  if (width < minColumns || rows < minRows) return tooSmall(size).slice(0, Math.max(1, rows - 1));
  const isLarge = rows >= largeRows;
  const left = rows - fixedRows - (isLarge ? extraRows : 0) - 1;
  const kills = state.kills.slice(-Math.max(1, Math.floor(left / 2)));
  const alerts = state.alerts.slice(-Math.max(1, left - Math.max(1, kills.length)));
  const all: Row[] = [
    ...headRows(state, width),
    ...(isLarge ? [title(`${state.recoveryOf.toUpperCase()} METRICS`)] : []),
    ...figureRows(state),
    ...(isLarge ? largeOnlyRows(state) : []),
    [],
    ...trendRows(state, width),
    [],
    ...faultRows(state),
    [...title('KILLS'), dim(`page ${pageUrl}`.padStart(width - 'KILLS'.length))],
    ...(kills.length === 0 ? [[dim('  none yet')]] : kills.map((kill) => killRow(kill, state.recoveryLimitSeconds))),
    title('RECENT ALERTS'),
    ...(alerts.length === 0 ? [[dim('  none')]] : alerts.map(alertRow)),
  ];
  return all.slice(0, rows - 1);
}

/** Replaces the screen when it does not fit: a truncated one would mislead. */
function tooSmall({ columns, rows }: Size): Row[] {
  return [
    [{ text: `needs ${minColumns}x${minRows}`, bold: true, colour: 'yellow' }],
    [{ text: `has ${columns}x${rows}` }],
    [{ text: 'enlarge it, or q: close' }],
  ];
}

function headRows(state: Snapshot, width: number): Row[] {
  const barWidth = width - 2;
  const filled = Math.round((progressOf(state) ?? 0) * barWidth);
  const result: Row =
    state.result === null ? [] : [{ text: `   ${state.result}`, bold: true, colour: resultColour(state.result) }];
  return [
    [
      { text: 'ENCORE', bold: true, colour: 'cyan' },
      { text: ` ${state.runId}  ${state.profile}, seed ${state.seed}   ` },
      { text: state.phase, bold: true },
      { text: `  ${timeText(state)}` },
      ...result,
    ],
    [{ text: '━'.repeat(filled), colour: 'cyan' }, dim('─'.repeat(barWidth - filled))],
  ];
}

function figureRows(state: Snapshot): Row[] {
  const { ok, failed, unknown, skipped } = state.operations;
  const { recent, detail } = state;
  const { memoryBytes, memoryShare: share } = state.serverProcess;
  const breakers = Object.entries(detail?.breakers ?? {});
  const open = breakers.filter(([, state]) => state !== 'closed');
  return [
    [
      label(state.recoveryOf),
      serverPiece(state),
      { text: detail?.uptimeSeconds == null ? '' : `, up ${durationText(detail.uptimeSeconds * 1_000)}` },
      { text: '   memory ' },
      share === null
        ? dim('-')
        : { text: `${megabytes(memoryBytes ?? 0)} (${percent(share)})`, colour: grade(1 - share, 0.25, 0.1) },
    ],
    [
      label('breakers'),
      breakers.length === 0
        ? dim('-')
        : open.length === 0
          ? { text: 'all closed', colour: 'green' }
          : { text: open.map(([name, state]) => `${name} ${state}`).join(', '), colour: 'red' },
    ],
    [
      label('users'),
      { text: `${state.users}   operations ${whole(ok + failed + unknown)}: ` },
      { text: `${percent(state.successRate)} success`, colour: grade(state.successRate, 0.95, 0.9) },
    ],
    [
      label('errors'),
      { text: `${whole(failed)} failed, ${whole(unknown)} without a response; ${whole(skipped)} skipped` },
    ],
    [
      label('last 10 s'),
      { text: `${recent.requestsPerSecond.toFixed(1)} req/s   ` },
      { text: `${percent(recent.successRate)} success`, colour: grade(recent.successRate, 0.95, 0.9) },
      { text: `   p50 ${ms(recent.p50Ms)}   p99 ${ms(recent.p99Ms)}   active ${detail?.requests?.active ?? '-'}` },
    ],
  ];
}

function largeOnlyRows(state: Snapshot): Row[] {
  const { all, failed } = state.requests;
  return [
    [label('requests'), { text: `${whole(all)} in total, ${whole(failed)} failed` }],
    [],
    title('SYSTEM METRICS'),
    ...systemFacts(state).map(([name, text]): Row => [label(name), { text }]),
  ];
}

function trendRows({ trend, recent, serverProcess }: Snapshot, width: number): Row[] {
  const chartWidth = width - 24;
  const line = (name: string, values: (number | null)[], now: string, colour: Colour, top?: number): Row => [
    label(name),
    { text: sparkline(values, chartWidth, top), colour },
    { text: ` ${now}` },
  ];
  return [
    line('rate', trend.requestsPerSecond, `${recent.requestsPerSecond.toFixed(1)}/s`, 'cyan'),
    line('success', trend.successRate, percent(recent.successRate), 'green', 1),
    line('p99', trend.p99Ms, ms(recent.p99Ms), 'yellow'),
    line('memory', trend.memoryShare, percent(serverProcess.memoryShare), 'cyan', 1),
  ];
}

/** Draws the latest values as bars, newest on the right. A missing value is a gap, not a zero. */
export function sparkline(values: readonly (number | null)[], width: number, top?: number): string {
  const shown = values.slice(-width);
  const highest = top ?? Math.max(0, ...shown.map((value) => value ?? 0));
  const line = shown.map((value) => {
    if (value === null) return ' ';
    const share = highest === 0 ? 0 : Math.min(1, Math.max(0, value / highest));
    return bars[Math.round(share * (bars.length - 1))] ?? ' ';
  });
  return line.join('').padStart(width);
}

function faultRows(state: Snapshot): Row[] {
  const { current, next, now, faults } = state;
  const active = current.map(
    ({ kind, target, injectedAt }) => `${kind} of ${target}, ${durationText(now - injectedAt)}`,
  );
  return [
    [label('fault'), active.length === 0 ? dim('none') : { text: active.join('; '), colour: 'red', bold: true }],
    [
      label('next'),
      { text: next === null ? '-' : `${next.kind} of ${next.target} in ${durationText(next.at - now)}` },
      dim(`   ${faults.injected} of ${faults.planned} injected, ${faults.effect} effective`),
    ],
  ];
}

function killRow(kill: Kill, limitSeconds: number): Row {
  return [{ text: `  ${clockTime(kill.at)}  ${kill.id} ${kill.kind.padEnd(8)}` }, recoveryPiece(kill, limitSeconds)];
}

/** Without an effect check yet, a kill is assumed to have had an effect. */
function recoveryPiece({ at, effect, recoveredAt }: Kill, limitSeconds: number): Piece {
  if (effect !== null && effect !== 'confirmed') return { text: 'no effect', colour: 'yellow' };
  if (recoveredAt === null) return { text: 'not recovered yet', colour: 'red' };
  const seconds = (recoveredAt - at) / 1_000;
  const text = `recovered in ${seconds.toFixed(1)} s`;
  return seconds < limitSeconds
    ? { text, colour: 'green' }
    : { text: `${text}, too late (limit ${limitSeconds} s)`, colour: 'red' };
}

const levelColours = { INFO: 'green', WARNING: 'yellow' } as const satisfies Record<AlertLevel, Colour>;

function alertRow({ at, level, message }: Snapshot['alerts'][number]): Row {
  return [
    { text: `  ${clockTime(at)} ` },
    { text: `[${level}]`, colour: levelColours[level] },
    { text: ` ${message}` },
  ];
}

const serverColours = { ready: 'green', 'not ready': 'yellow', DOWN: 'red', '-': 'gray' } as const;

function serverPiece(state: Snapshot): Piece {
  const text = serverText(state);
  return { text, colour: serverColours[text], bold: state.server !== null };
}

function resultColour(result: string): Colour {
  return result === 'PASSED' ? 'green' : result === 'FAILED' ? 'red' : 'yellow';
}

function grade(value: number | null, good: number, fair: number): Colour {
  if (value === null) return 'gray';
  return value >= good ? 'green' : value >= fair ? 'yellow' : 'red';
}

const label = (text: string): Piece => ({ text: text.padEnd(11), colour: 'gray' });
const title = (text: string): Row => [{ text, bold: true }];
const dim = (text: string): Piece => ({ text, colour: 'gray' });
const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const ms = (value: number | null): string => (value === null ? '-' : `${Math.round(value)} ms`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
