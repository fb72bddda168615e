/** The same faults, aimed at the database. */
import type { FaultSpec } from './fault-spec.ts';
import { pauseFault } from './freeze.ts';
import { latencyFault } from './latency.ts';
import { outage } from './outage.ts';

export const databaseDown: FaultSpec = {
  ...outage,
  kind: 'database-down',
  instant: false,
  forbidsStart: true,
  does: 'Kills the database through the engine and holds it down.',
  undoneBy: 'The undo starts it again; it recovers from its log.',
  userSees: 'Reads and writes fail fast once the breaker is open; the server stays alive and says what is wrong.',
  pitfalls: 'A write that was cut may or may not have been committed: it is unknown, never failed.',
};

export const databaseFreeze: FaultSpec = pauseFault('database-freeze', {
  forbidsStart: true,
  does: 'Pauses all processes of the database.',
  undoneBy: 'The undo unpauses it.',
  userSees: 'Requests that need the database hang until the server’s own deadline.',
  pitfalls: 'The burst after the end belongs to the fault’s window.',
});

export const databaseLatency: FaultSpec = latencyFault(
  'database-latency',
  'Each statement takes longer; operations of many statements suffer most.',
);
