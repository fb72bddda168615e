/**
 * PostgreSQL's own statistics, queried directly: what is slow here is not caused by the proxied
 * network.
 */
import { colored, type PanelSpec, rate, shownTime } from '@encore/project/dashboards';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;
/** The database with the scores; Prometheus drops PostgreSQL's own databases. */
const ours = 'datname="encore"';

/** Connection states that the server can cause; an aborted transaction counts as idle. */
const states = { active: 'active', idle: 'idle', 'in a transaction': 'idle in transaction.*' };
const connectionColors = colored({ active: 'blue', idle: 'green', 'in a transaction': 'orange' });
const byState = (expr: (state: string) => string): PanelSpec['queries'] =>
  Object.entries(states).map(([name, state]) => ({ expr: expr(state), legend: name }));

export const database: PanelSpec[] = [
  {
    ...line,
    title: 'PostgreSQL connections by state',
    description: 'Backends by current state, including the exporter’s. Idle in a transaction holds locks.',
    unit: 'short',
    link: 'lab',
    stacked: true,
    overrides: connectionColors,
    queries: byState((state) => `sum(pg_stat_activity_count{${ours},state=~"${state}"})`),
  },
  {
    ...line,
    title: 'PostgreSQL transactions',
    description:
      'Commits, rollbacks and deadlocks per second. Rollbacks rise when connections are cut in the middle of a transaction.',
    unit: 'ops',
    link: 'run',
    queries: [
      { expr: `sum(rate(pg_stat_database_xact_commit{${ours}}[${rate}]))`, legend: 'commits' },
      { expr: `sum(rate(pg_stat_database_xact_rollback{${ours}}[${rate}]))`, legend: 'rollbacks' },
      { expr: `sum(rate(pg_stat_database_deadlocks{${ours}}[${rate}]))`, legend: 'deadlocks' },
    ],
  },
  {
    ...line,
    title: 'PostgreSQL rows',
    description: 'Rows written, by operation, and rows fetched by index or scan.',
    unit: 'ops',
    link: 'run',
    queries: ['inserted', 'updated', 'deleted', 'fetched'].map((what) => ({
      expr: `sum(rate(pg_stat_database_tup_${what}{${ours}}[${rate}]))`,
      legend: what,
    })),
  },
  {
    ...line,
    title: 'PostgreSQL locks by mode',
    description: 'Locks held or waited for. Exclusive table locks occur only on schema changes.',
    unit: 'short',
    link: 'lab',
    stacked: true,
    overrides: colored({
      accesssharelock: 'green',
      rowsharelock: 'light-green',
      rowexclusivelock: 'blue',
      shareupdateexclusivelock: 'light-blue',
      sharelock: 'yellow',
      sharerowexclusivelock: 'orange',
      exclusivelock: 'light-red',
      accessexclusivelock: 'red',
      sireadlock: 'text',
    }),
    queries: [{ expr: `sum by (mode) (pg_locks_count{${ours}}) > 0`, legend: '{{mode}}' }],
  },
  {
    ...line,
    title: 'PostgreSQL longest transaction',
    description: 'Age of the oldest open transaction by the state of its backend; waiting for a lock makes it grow.',
    unit: 's',
    link: 'run',
    overrides: connectionColors,
    queries: byState((state) => `max(pg_stat_activity_max_tx_duration{${ours},state=~"${state}"})`),
  },
  {
    ...line,
    title: 'PostgreSQL cache hit ratio',
    description: 'Share of blocks found in PostgreSQL’s buffers instead of read from the kernel or the disk.',
    unit: 'percentunit',
    max: 1,
    link: 'lab',
    queries: [
      {
        expr: `sum(rate(pg_stat_database_blks_hit{${ours}}[${rate}])) / (sum(rate(pg_stat_database_blks_hit{${ours}}[${rate}])) + sum(rate(pg_stat_database_blks_read{${ours}}[${rate}])))`,
        legend: 'cache hits',
      },
    ],
  },
  {
    ...line,
    title: 'PostgreSQL size',
    width: 18,
    description: 'The database with its indexes, and the write-ahead log that a restart after a kill must replay.',
    unit: 'bytes',
    link: 'lab',
    queries: [
      { expr: `max(pg_database_size_bytes{${ours}})`, legend: 'database' },
      { expr: 'max(pg_wal_size_bytes)', legend: 'write-ahead log' },
    ],
  },
  {
    title: 'PostgreSQL checkpoints',
    description:
      'Checkpoints in the time shown, timed and requested, and the blocks written. Each one shortens the recovery after a kill.',
    type: 'bargauge',
    unit: 'short',
    ...size,
    width: 6,
    decimals: 0,
    min: 0,
    link: 'lab',
    color: 'blue',
    noValue: 'none',
    queries: Object.entries({
      num_timed: 'timed',
      num_requested: 'requested',
      buffers_written: 'blocks written',
    }).map(([what, legend]) => ({
      expr: `round(sum(increase(pg_stat_checkpointer_${what}_total[${shownTime}])))`,
      legend,
    })),
  },
];
