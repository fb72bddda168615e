/**
 * What happened to the targets that Encore did not journal: a hand that paused, stopped or started a container, and
 * targets that died with nothing to blame. Encore's own starts and restarts explain what the engine says around them.
 */
import type { EventOf } from '@encore/contracts';
import type { FaultRecord } from './fault-record.ts';
import type { FaultTracker } from './fault-tracker.ts';
import { containerOf, kindTraits } from './kind-traits.ts';
import type { RunFacts } from './run-facts.ts';
import type { Observation } from './time-order.ts';
import { timeOf } from './time-order.ts';

export interface Intervention {
  at: number;
  target: string;
  action: string;
  /** What is known of its cause. */
  detail?: string;
}

/** A graceful restart may take the whole stop grace before the start is reported. */
const actReachMs = { before: 20_000, after: 5_000 };
/** Within this time an act of ours is in the record, also when its source could not be asked for a while. */
const explainedWithinMs = 60_000;
const acts = new Set(['pause', 'unpause', 'stop', 'kill', 'update', 'destroy']);
/** The engine tells of the whole project; hands on other containers are nobody's business. */
const containers = new Set(Object.values(containerOf));
const deathReachMs = 10_000;
/** Compose creates the new container, stops the old one within its grace, and removes it before it starts the new one. */
const recreationReachMs = 60_000;
/** Of a process that the engine killed, for example because it did not end within the stop grace. */
const killedCode = 137;
const maxKept = 10_000;

export class Interventions {
  readonly #foreign: Intervention[] = [];
  readonly #engine: Intervention[] = [];
  readonly #deaths: (Intervention & { exitCode: number | null })[] = [];
  readonly #ooms: Intervention[] = [];
  readonly #forced: Intervention[] = [];
  readonly #created: { target: string; at: number; checkout: string }[] = [];
  readonly #ours: { container: string; at: number }[] = [];
  #running = false;

  add(event: Observation, tracker: FaultTracker): void {
    switch (event.type) {
      case 'engine_saw':
        this.#engineSaw(event, tracker);
        break;
      case 'target_started':
        if (event.actor === 'foreign')
          keep(this.#foreign, { at: timeOf(event), target: event.target, action: 'start' });
        else if (event.actor !== 'policy')
          keep(this.#ours, { container: containerOf[event.target], at: timeOf(event) });
        break;
      case 'fault_undone':
        this.#endedEarly(event, tracker);
        break;
      case 'supervisor_acted':
        keep(this.#ours, { container: containerOf[event.target], at: event.at });
        break;
      case 'injector_failed':
        // The injector restarts a frozen Toxiproxy by itself.
        keep(this.#ours, { container: containerOf['client-link'], at: event.toAt });
        break;
      case 'run_started':
        this.#running = true;
        break;
      case 'run_ended':
        this.#running = false;
        break;
      default:
        break;
    }
  }

  /** Acts of somebody else on a target. */
  get manual(): Intervention[] {
    const acted = this.#engine.filter((event) => !this.#isOurs(event));
    return [...this.#foreign, ...acted].sort((a, b) => a.at - b.at).map((act) => this.#explained(act));
  }

  /** Deaths of a target that no restart of ours explains, outside of every fault's window or under a fault that it must survive. */
  get unexpectedExits(): Intervention[] {
    return this.#deaths.filter((death) => !this.#isOurs(death) && !this.#isUnattributed(death));
  }

  /** Graceful restarts in which the target did not end when it was asked to. */
  get forcedStops(): Intervention[] {
    return this.#forced;
  }

  /** SIGKILLs that nobody here sent and no limit of the container explains: the host is short of something. */
  get unattributedKills(): Intervention[] {
    return this.#deaths.filter((death) => !this.#isOurs(death) && this.#isUnattributed(death));
  }

  /** Whoever ended a fault before its time helped the system; a start by that hand is told already. */
  #endedEarly({ faultId, cause, evidence, at }: EventOf<'fault_undone'>, tracker: FaultTracker): void {
    const record = tracker.records.get(faultId);
    if (cause !== 'external' || record === undefined || record.startedBy === 'foreign') return;
    const { kind, target } = record.fault;
    keep(this.#foreign, { at, target, action: `end of ${faultId} (${kind})`, detail: evidence });
  }

  #explained(act: Intervention): Intervention {
    const created = this.#created.find(
      ({ target, at }) => target === act.target && Math.abs(at - act.at) <= recreationReachMs,
    );
    return created === undefined ? act : { ...act, detail: `recreated by Compose from ${created.checkout}` };
  }

  #engineSaw(event: EventOf<'engine_saw'>, tracker: FaultTracker): void {
    const { target, action, checkout } = event;
    const at = timeOf(event);
    if (checkout !== undefined && this.#running && this.#created.length < maxKept)
      this.#created.push({ target, at, checkout });
    if (action === 'oom') keep(this.#ooms, { at, target, action });
    if (!this.#running || !containers.has(target)) return;
    const faults = tracker.faultsOn(target, at);
    if (acts.has(action) && !faults.some((record) => mayCause(record, action)))
      keep(this.#engine, { at, target, action });
    if (action !== 'die') return;
    const asked = faults.some(({ fault }) => fault.kind === 'restart');
    if (asked && event.exitCode === killedCode) keep(this.#forced, { at, target, action });
    // The death of one target in the window of a fault on another is a cascade, which has its own warning.
    const unexpected = faults.length === 0 ? !tracker.isFaultOpen(at) : !faults.some(mayEnd);
    if (unexpected) keep(this.#deaths, { at, target, action, exitCode: event.exitCode ?? null });
  }

  #isUnattributed(death: Intervention & { exitCode: number | null }): boolean {
    if (death.exitCode !== killedCode) return false;
    const near = (other: Intervention): boolean =>
      other.target === death.target && Math.abs(other.at - death.at) <= deathReachMs;
    return !this.#ooms.some(near) && !this.#engine.some((event) => event.action === 'kill' && near(event));
  }

  #isOurs({ target, at }: Intervention): boolean {
    return this.#ours.some(
      (act) => act.container === target && at >= act.at - actReachMs.before && at <= act.at + actReachMs.after,
    );
  }
}

/** An engine that stops takes the containers along before it is known to be lost, and one that starts brings them back. */
const engineReachMs = { before: 10_000, after: 30_000 };

/**
 * Whether what happened to a container at that time may have been done by an engine that was about
 * to stop, or had just started.
 */
export function mayBeOfEngine(at: number, { engineLosses }: Pick<RunFacts, 'engineLosses'>): boolean {
  const { before, after } = engineReachMs;
  return engineLosses.some(({ fromAt, toAt }) => at >= fromAt - before && at <= toAt + after);
}

/**
 * False when the line that explains the act may be one that the record lost (by damage, or by an end before its time), or when
 * the engine itself was failing around that time.
 */
export function isBeyondDoubt(
  { at }: Intervention,
  {
    run,
    historyProblems,
  }: { run: Pick<RunFacts, 'ended' | 'lastAt' | 'engineLosses'>; historyProblems: readonly string[] },
): boolean {
  if (mayBeOfEngine(at, run)) return false;
  return historyProblems.length === 0 && (run.ended !== null || at < run.lastAt - explainedWithinMs);
}

function mayCause({ fault }: FaultRecord, action: string): boolean {
  const { actions } = kindTraits[fault.kind];
  return actions === 'any' || actions.includes(action);
}

function mayEnd({ fault }: FaultRecord): boolean {
  const { deathIsTheAct, risksDeath = false } = kindTraits[fault.kind];
  return deathIsTheAct || risksDeath;
}

function keep<Item>(list: Item[], item: Item): void {
  if (list.length < maxKept) list.push(item);
}
