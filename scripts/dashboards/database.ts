/** PostgreSQL as it sees itself, asked past Toxiproxy: what is slow here is not the network's. */
import { colored, type PanelSpec, rate, shownTime } from './panel.ts';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;
/** The database of the scores; PostgreSQL's own are not kept. */
const ours = 'datname="encore"';

/** Those that the server can be in; a transaction that was aborted is idle too. */
const states = { active: 'active', idle: 'idle', 'in a transaction': 'idle in transaction.*' };
const connectionColors = colored({ active: 'blue', idle: 'green', 'in a transaction': 'orange' });
const byState = (expr: (state: string) => string): PanelSpec['queries'] =>
  Object.entries(states).map(([name, state]) => ({ expr: expr(state), legend: name }));

export const database: PanelSpec[] = [
  {
    ...line,
    title: 'PostgreSQL connections by state',
    description: 'Backends by what they do now, the exporter’s own one included. Idle in a transaction holds locks.',
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
      'Commits and rollbacks per second, and deadlocks. Rollbacks rise when connections are cut in the middle of one.',
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
    description: 'Rows that were written, by how, and rows that an index or a scan fetched.',
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
    description: 'Locks that are held or waited for. Exclusive ones on tables come with changes of the schema only.',
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
    description: 'Age of the oldest open transaction by the state of its backend: who waits for a lock grows old here.',
    unit: 's',
    link: 'run',
    overrides: connectionColors,
    queries: byState((state) => `max(pg_stat_activity_max_tx_duration{${ours},state=~"${state}"})`),
  },
  {
    ...line,
    title: 'PostgreSQL blocks from memory',
    description: 'Share of blocks that were found in PostgreSQL’s own memory, not asked of the kernel or the disk.',
    unit: 'percentunit',
    max: 1,
    link: 'lab',
    queries: [
      {
        expr: `sum(rate(pg_stat_database_blks_hit{${ours}}[${rate}])) / (sum(rate(pg_stat_database_blks_hit{${ours}}[${rate}])) + sum(rate(pg_stat_database_blks_read{${ours}}[${rate}])))`,
        legend: 'from memory',
      },
    ],
  },
  {
    ...line,
    title: 'PostgreSQL size',
    width: 18,
    description: 'The database with its indexes, and the log that a restart after a kill would read again.',
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
      'Checkpoints in the time shown, by the clock and asked for, and the blocks that they wrote: each shortens the recovery after a kill.',
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
      num_timed: 'by the clock',
      num_requested: 'asked for',
      buffers_written: 'blocks written',
    }).map(([what, legend]) => ({
      expr: `round(sum(increase(pg_stat_checkpointer_${what}_total[${shownTime}])))`,
      legend,
    })),
  },
];
