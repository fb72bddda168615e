/** Faults on the database, based on those on the server. */
import type { FaultSpec } from './fault-spec.ts';
import { pauseFault } from './freeze.ts';
import { latencyFault } from './latency.ts';
import { outage } from './outage.ts';

export const databaseDown: FaultSpec = {
  ...outage,
  kind: 'database-down',
  instant: false,
  forbidsStart: true,
  does: 'Kills the database through the engine and keeps it down.',
  revertedBy: 'The injector starts it; PostgreSQL recovers from its write-ahead log.',
  userSees: 'Reads and writes fail fast once the breaker is open; the server stays up and reports the cause.',
  pitfalls: 'A write that was cut may have been committed: its outcome is unknown, not failed.',
};

export const databaseFreeze: FaultSpec = pauseFault('database-freeze', {
  forbidsStart: true,
  does: 'Pauses all processes of the database.',
  revertedBy: 'The injector unpauses it.',
  userSees: 'Requests that need the database hang until the server’s own deadline.',
  pitfalls: 'The burst of requests after the revert belongs to the fault’s window.',
});

export const databaseLatency: FaultSpec = latencyFault(
  'database-latency',
  'Each statement takes longer; operations with many statements slow down most.',
);
