/** Judges a simulated run with both kinds of kill, refused connections and latency. */
import type { EncoreEvent, LedgerEntry } from '@encore/contracts';
import { type Judgement, judge } from '../judge/judge.ts';
import { plannedFault } from './simulated-fault.ts';
import { SimulatedRun } from './simulated-run.ts';
import type { Simulation } from './simulation.ts';

export const crash = plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 40.25, downSeconds: 1.5 });
export const outage = plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 80.5, downSeconds: 4 });
export const refused = plannedFault(3, {
  kind: 'connection-refused',
  target: 'server:8000',
  atSeconds: 120,
  durationSeconds: 1,
});
export const latency = plannedFault(4, {
  kind: 'latency',
  target: 'server:8000',
  atSeconds: 140,
  durationSeconds: 5,
  params: { latencyMs: 400 },
});
export const defaultFaults = [crash, outage, refused, latency];

async function* filtered<Item>(items: AsyncIterable<Item>, keep: (item: Item) => boolean): AsyncGenerator<Item> {
  for await (const item of items) if (keep(item)) yield item;
}

export async function judged(
  settings: Partial<Simulation> = {},
  filter: { event?: (event: EncoreEvent) => boolean; entry?: (entry: LedgerEntry) => boolean } = {},
): Promise<Judgement> {
  const run = new SimulatedRun({ faults: defaultFaults, ...settings });
  return judge({
    history: filtered(run.history(), ({ event }) => filter.event?.(event) ?? true),
    plan: run.plan,
    ledger: filtered(run.ledger(), (entry) => filter.entry?.(entry) ?? true),
    fileProblems: [],
  });
}

export const not =
  (type: EncoreEvent['type']) =>
  (event: EncoreEvent): boolean =>
    event.type !== type;
