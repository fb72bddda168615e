/** PostgreSQL as it sees itself, asked past Toxiproxy: what is slow here is not the network's. */
import { type PanelSpec, rate, shownTime } from './panel.ts';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;
/** The database of the scores; PostgreSQL's own are not kept. */
const ours = 'datname="encore"';

export const database: PanelSpec[] = [
  {
    title: 'PostgreSQL answers',
    description:
      'Does the database answer its exporter, and the exporter Prometheus? A database that is down says no; under a frozen one the scrape itself fails.',
    type: 'state-timeline',
    unit: 'short',
    ...size,
    link: 'alerts',
    mappings: { 0: { text: 'silent', color: 'red' }, 1: { text: 'answers', color: 'green' } },
    queries: [
      { expr: 'max(pg_up)', legend: 'database' },
      { expr: 'max(up{job="postgres-exporter"})', legend: 'exporter' },
    ],
  },
  {
    ...line,
    title: 'PostgreSQL connections by state',
    description: 'Backends by what they do now, the exporter’s own one included. Idle in a transaction holds locks.',
    unit: 'short',
    link: 'lab',
    stacked: true,
    queries: [{ expr: `sum by (state) (pg_stat_activity_count{${ours}})`, legend: '{{state}}' }],
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
    queries: [{ expr: `sum by (mode) (pg_locks_count{${ours}})`, legend: '{{mode}}' }],
  },
  {
    ...line,
    title: 'PostgreSQL longest transaction',
    description: 'Age of the oldest open transaction by the state of its backend: who waits for a lock grows old here.',
    unit: 's',
    link: 'run',
    queries: [{ expr: `max by (state) (pg_stat_activity_max_tx_duration{${ours}})`, legend: '{{state}}' }],
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
    width: 16,
    min: 0,
    link: 'lab',
    queries: [
      { expr: `sum(increase(pg_stat_checkpointer_num_timed_total[${shownTime}]))`, legend: 'by the clock' },
      { expr: `sum(increase(pg_stat_checkpointer_num_requested_total[${shownTime}]))`, legend: 'asked for' },
      { expr: `sum(increase(pg_stat_checkpointer_buffers_written_total[${shownTime}]))`, legend: 'blocks written' },
    ],
  },
];
