/** Judges a simulated run with both kinds of kill, refused connections and latency. */
import type { EncoreEvent, HistoryLine, LedgerEntry, Plan } from '@encore/contracts';
import { Ledger } from '../judge/collect/integrity.ts';
import { History } from '../judge/history.ts';
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
/** Takes more than 5 s to recover, because `laterCrash` begins just before it ends. */
export const slowFault = plannedFault(1, { ...refused, id: 'f0001', atSeconds: 40 });
export const laterCrash = plannedFault(2, { ...crash, id: 'f0002', atSeconds: 40.997, downSeconds: 6 });
export const limitOf5Seconds = { profile: 'smoke', recoveryTimeoutSeconds: 5, thresholds: {} };

async function* filtered<Item>(items: AsyncIterable<Item>, keep: (item: Item) => boolean): AsyncGenerator<Item> {
  for await (const item of items) if (keep(item)) yield item;
}

/** The complete history of a run. */
export function historyOf(plan: Plan, events: Iterable<EncoreEvent>, horizonMs?: number): History {
  const history = new History(plan, horizonMs);
  for (const event of events) history.add(event);
  history.end();
  return history;
}

export interface Streams {
  plan: Plan;
  history: AsyncIterable<HistoryLine>;
  ledger: AsyncIterable<LedgerEntry>;
  problems?: readonly string[];
}

/** Judges a run whose files are not on disk. */
export async function judgeStreams({
  plan,
  history: lines,
  ledger: entries,
  problems = [],
}: Streams): Promise<Judgement> {
  const history = new History(plan);
  for await (const { event } of lines) history.add(event);
  history.end();
  const ledger = new Ledger();
  for await (const entry of entries) ledger.add(entry);
  return judge({ history, ledger, problems });
}

export async function judged(
  settings: Partial<Simulation> = {},
  filter: { event?: (event: EncoreEvent) => boolean; entry?: (entry: LedgerEntry) => boolean } = {},
): Promise<Judgement> {
  const run = new SimulatedRun({ faults: defaultFaults, ...settings });
  return judgeStreams({
    history: filtered(run.history(), ({ event }) => filter.event?.(event) ?? true),
    plan: run.plan,
    ledger: filtered(run.ledger(), (entry) => filter.entry?.(entry) ?? true),
  });
}

/** Judges a run with a crash and an outage, with changed events. */
export async function judgedKills(
  settings: Partial<Simulation> = {},
  change = (event: EncoreEvent): EncoreEvent => event,
): Promise<Judgement> {
  const run = new SimulatedRun({ faults: [crash, outage], ...settings });
  const history = async function* () {
    for await (const line of run.history()) yield { ...line, event: change(line.event) };
  };
  return judgeStreams({ history: history(), plan: run.plan, ledger: run.ledger() });
}

/** The judgement of a run in progress, at this second of steady. */
export function judgedUntil(run: SimulatedRun, second: number): Judgement {
  const events = [...run.events()].filter(({ at }) => at < run.at(second));
  return judge({ history: historyOf(run.plan, events), ledger: new Ledger(), problems: [] });
}

export const not =
  (type: EncoreEvent['type']) =>
  (event: EncoreEvent): boolean =>
    event.type !== type;
