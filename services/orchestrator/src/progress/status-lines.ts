/** Formats the state of the run as one line for logs, and its parts for the monitor. */
import { pluralize } from '@encore/kit';
import type { Snapshot } from './run-view.ts';

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(2)} %`);

export function statusLine(state: Snapshot): string {
  const { recent, recoveryOf, operations, current, next, now } = state;
  const skipped = operations.skipped === 0 ? '' : `, skipped ${operations.skipped.toLocaleString('en-US')}`;
  const active = current.map(
    ({ kind, target, injectedAt }) => `${kind} of ${target} for ${durationText(now - injectedAt)}`,
  );
  return [
    state.phase,
    timeText(state),
    pluralize(state.users, 'user'),
    `${recent.requestsPerSecond.toFixed(1)} req/s`,
    `success ${percent(state.successRate)} (last 10 s ${percent(recent.successRate)})${skipped}`,
    `${recoveryOf} ${serverText(state)}`,
    `now ${active.length === 0 ? 'no fault' : active.join(', ')}`,
    `next ${next === null ? '-' : `${next.kind} in ${durationText(next.at - now)}`}`,
  ].join(' | ');
}

/** Share of the planned time that has passed, 0 to 1; null where no end is planned. */
export function progressOf({ startedAt, endsAt, now, phase }: Snapshot): number | null {
  if (endsAt === null || !['startup', 'ramp', 'steady'].includes(phase)) return null;
  return Math.min(1, (now - startedAt) / Math.max(1, endsAt - startedAt));
}

export function timeText(state: Snapshot): string {
  const { startedAt, endsAt, now } = state;
  const elapsed = durationText(now - startedAt);
  return progressOf(state) === null ? elapsed : `${elapsed}, ${durationText((endsAt ?? 0) - now)} left`;
}

export function serverText({ server }: Snapshot): 'ready' | 'not ready' | 'DOWN' | '-' {
  if (server === null) return '-';
  return server.ready ? 'ready' : server.port ? 'not ready' : 'DOWN';
}

/** For example `14:45:03`, in local time. */
export const clockTime = (at: number): string => new Date(at).toTimeString().slice(0, 8);

/** For example `45 s`, `3 min 07 s`, `23 h 59 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
