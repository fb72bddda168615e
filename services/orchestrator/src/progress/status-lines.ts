/** Formats the state of the run as a block of at most 79 columns, and as one line for logs. */
import { pluralize } from '../text.ts';
import { durationText } from './duration-text.ts';
import { killText } from './kills.ts';
import type { Snapshot } from './run-view.ts';

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(2)} %`);
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

export function statusLines(state: Snapshot): string[] {
  const { recent, faults } = state;
  const last = state.kills.at(-1);
  return [
    `${bar(state)} ${state.phase.padEnd(9)} ${timeText(state)}`,
    `users ${state.users}   operations ${whole(total(state))}   success ${percent(state.successRate)}${skipped(state, '   ')}   ${state.recoveryOf} ${serverText(state)}`,
    `last 10 s: ${recent.requestsPerSecond.toFixed(1)} req/s   success ${percent(recent.successRate)}   p50 ${ms(recent.p50Ms)}   p99 ${ms(recent.p99Ms)}`,
    `faults ${faults.injected} of ${faults.planned}, ${faults.effect} effective   kills ${state.kills.length}${last ? `, last ${last.kind}: ${killText(last, state.recoveryLimitSeconds)}` : ''}`,
    `now: ${nowText(state)}   next: ${nextText(state)}`,
  ].map((line) => line.slice(0, 79));
}

export function statusLine(state: Snapshot): string {
  const { recent } = state;
  return [
    state.phase,
    timeText(state),
    pluralize(state.users, 'user'),
    `${recent.requestsPerSecond.toFixed(1)} req/s`,
    `success ${percent(state.successRate)} (last 10 s ${percent(recent.successRate)})${skipped(state, ', ')}`,
    `${state.recoveryOf} ${serverText(state)}`,
    `now ${nowText(state)}`,
    `next ${nextText(state)}`,
  ].join(' | ');
}

function timeText(state: Snapshot): string {
  const elapsed = durationText(state.now - state.startedAt);
  const isTimed = ['startup', 'ramp', 'steady'].includes(state.phase);
  if (!isTimed || state.endsAt === null) return elapsed;
  return `${elapsed}, ${durationText(state.endsAt - state.now)} left`;
}

function bar({ startedAt, endsAt, now, phase }: Snapshot): string {
  const width = 24;
  const isDone = !['preflight', 'startup', 'ramp', 'steady'].includes(phase);
  const share = isDone ? 1 : endsAt === null ? 0 : Math.min(1, (now - startedAt) / Math.max(1, endsAt - startedAt));
  const filled = Math.round(share * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

function total({ operations: { ok, failed, unknown } }: Snapshot): number {
  return ok + failed + unknown;
}

/** Empty in most runs. */
function skipped({ operations }: Snapshot, before: string): string {
  return operations.skipped === 0 ? '' : `${before}skipped ${whole(operations.skipped)}`;
}

function serverText({ server }: Snapshot): string {
  if (server === null) return '-';
  return server.ready ? 'ready' : server.port ? 'not ready' : 'DOWN';
}

function nowText({ current, now }: Snapshot): string {
  if (current.length === 0) return 'no fault';
  return current
    .map(({ kind, target, injectedAt }) => `${kind} of ${target} for ${durationText(now - injectedAt)}`)
    .join(', ');
}

function nextText({ next, now }: Snapshot): string {
  return next === null ? '-' : `${next.kind} in ${durationText(next.at - now)}`;
}

function ms(value: number | null): string {
  return value === null ? '-' : `${Math.round(value)} ms`;
}
