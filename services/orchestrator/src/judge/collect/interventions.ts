/**
 * Finds what Encore did not cause: manual pauses, stops and starts of targets, changes of proxies,
 * and unexplained deaths. A start or restart by Encore explains only the events after its request:
 * what the supervisor starts may have been stopped by hand.
 */
import type { EventOf, PlannedSystem } from '@encore/contracts';
import { containerNames } from '@encore/kit';
import type { Span } from '../events/span.ts';
import { type Observation, timeOf } from '../events/time-order.ts';
import type { FaultTracker } from '../faults/fault-tracker.ts';
import type { RunFacts } from './run-facts.ts';

export interface Intervention {
  at: number;
  target: string;
  action: string;
  /** Known cause, for example a recreation by Compose. */
  detail?: string;
}

/** The clocks of engine and injector may differ by this much; preflight refuses a larger offset. */
const clockToleranceMs = 1_000;
/** Encore's own actions reach the history within this time, even from a lost source. */
const explainedWithinMs = 60_000;
const actions = new Set(['pause', 'unpause', 'stop', 'kill', 'update', 'destroy', 'connect', 'disconnect']);
const deathReachMs = 10_000;
/** The engine disconnects a container that dies from its networks, and connects one that starts. */
const networkActions = new Set(['connect', 'disconnect']);
const networkReachMs = 5_000;
/** Compose creates a container, stops and removes the old one, then starts the new one. */
const recreationReachMs = 60_000;
/** Exit code after SIGKILL, for example after the stop grace period. */
const killedCode = 137;
const maxKept = 10_000;

export class Interventions {
  readonly #external: Intervention[] = [];
  readonly #engine: Intervention[] = [];
  readonly #deaths: (Intervention & { exitCode: number | null })[] = [];
  readonly #ooms: Intervention[] = [];
  readonly #forced: Intervention[] = [];
  readonly #created: { target: string; at: number; checkout: string }[] = [];
  /** From the request of a start or restart by Encore to the start. */
  readonly #requested: ({ container: string } & Span)[] = [];
  /** From the death of a container to its next start. */
  readonly #downs: ({ container: string } & Span)[] = [];
  #running = false;
  /** Events of other containers of the project are ignored. */
  readonly #containers: ReadonlySet<string>;
  readonly #proxyContainers: ReadonlySet<string>;
  readonly #tracker: FaultTracker;

  constructor({ containers, proxies }: PlannedSystem, tracker: FaultTracker) {
    this.#tracker = tracker;
    this.#containers = new Set(containerNames({ containers }));
    this.#proxyContainers = new Set(Object.values(proxies).map(({ runsIn }) => runsIn));
  }

  add(event: Observation): void {
    switch (event.type) {
      case 'engine_event':
        this.#onEngineEvent(event);
        break;
      case 'target_started':
        if (event.actor === 'external')
          keep(this.#external, { at: timeOf(event), target: event.target, action: 'start' });
        else if (event.requestedAt !== undefined) this.#explain(event.target, event.requestedAt, timeOf(event));
        break;
      case 'fault_reverted':
        this.#endedEarly(event);
        break;
      case 'proxy_changed':
        keep(this.#external, { at: event.at, target: event.target, action: 'change', detail: event.change });
        break;
      case 'injector_failed':
        // The injector restarts a frozen Toxiproxy.
        if (event.restartRequestedAt !== undefined)
          for (const container of this.#proxyContainers) this.#explain(container, event.restartRequestedAt, event.toAt);
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

  /** Interventions on targets that Encore did not make, in time order. */
  get manual(): Intervention[] {
    const events = this.#engine.filter((event) => !this.#isRequested(event) && !this.#isOfStop(event));
    return [...this.#external, ...events].sort((a, b) => a.at - b.at).map((event) => this.#explained(event));
  }

  /** Target deaths that no restart by Encore explains, and that no active fault may cause. */
  get unexpectedExits(): Intervention[] {
    return this.#deaths.filter((death) => !this.#isRequested(death) && !this.#isUnattributed(death));
  }

  /** Graceful restarts in which the target ignored SIGTERM and was killed. */
  get forcedStops(): Intervention[] {
    return this.#forced;
  }

  /** SIGKILLs without a command or an OOM event: the host may be short of memory. */
  get unattributedKills(): Intervention[] {
    return this.#deaths.filter((death) => !this.#isRequested(death) && this.#isUnattributed(death));
  }

  /** Records a fault that was ended from outside, unless an external start recorded it. */
  #endedEarly({ faultId, cause, evidence, at }: EventOf<'fault_reverted'>): void {
    const record = this.#tracker.records.get(faultId);
    if (cause !== 'external' || record === undefined || record.startedBy === 'external') return;
    const { kind, target } = record.fault;
    keep(this.#external, { at, target, action: `end of ${faultId} (${kind})`, detail: evidence });
  }

  #explained(event: Intervention): Intervention {
    const created = this.#created.find(
      ({ target, at }) => target === event.target && Math.abs(at - event.at) <= recreationReachMs,
    );
    return created === undefined ? event : { ...event, detail: `recreated by Compose from ${created.checkout}` };
  }

  #onEngineEvent(event: EventOf<'engine_event'>): void {
    const { target, action, checkout, network } = event;
    const at = timeOf(event);
    if (checkout !== undefined && this.#running && this.#created.length < maxKept)
      this.#created.push({ target, at, checkout });
    if (action === 'oom') keep(this.#ooms, { at, target, action });
    if (!this.#running || !this.#containers.has(target)) return;
    const faults = this.#tracker.faultsOn(target, at);
    if (
      actions.has(action) &&
      !faults.some(({ behaviour }) => behaviour.actions === 'any' || behaviour.actions.includes(action))
    )
      keep(this.#engine, { at, target, action, ...(network === undefined ? {} : { detail: `network ${network}` }) });
    if (action === 'start') this.#up(target, at);
    if (action !== 'die') return;
    keep(this.#downs, { container: target, fromAt: at, toAt: Number.POSITIVE_INFINITY });
    const isGraceful = faults.some(({ behaviour }) => behaviour.graceful);
    if (isGraceful && event.exitCode === killedCode) keep(this.#forced, { at, target, action });
    // The death of a target during a fault on another one is a cascading failure, which has its own
    // warning.
    const unexpected =
      faults.length === 0
        ? !this.#tracker.isFaultOpen(at)
        : !faults.some(({ behaviour }) => behaviour.deathIsTheInjection || behaviour.reducesMemory);
    if (unexpected) keep(this.#deaths, { at, target, action, exitCode: event.exitCode ?? null });
  }

  #isUnattributed(death: Intervention & { exitCode: number | null }): boolean {
    if (death.exitCode !== killedCode) return false;
    const near = (other: Intervention): boolean =>
      other.target === death.target && Math.abs(other.at - death.at) <= deathReachMs;
    return !this.#ooms.some(near) && !this.#engine.some((event) => event.action === 'kill' && near(event));
  }

  #isRequested({ target, at }: Intervention): boolean {
    return this.#requested.some(
      ({ container, fromAt, toAt }) =>
        container === target && at >= fromAt - clockToleranceMs && at <= toAt + clockToleranceMs,
    );
  }

  #up(target: string, at: number): void {
    const down = this.#downs.findLast(({ container }) => container === target);
    if (down !== undefined) down.toAt = Math.min(down.toAt, at);
  }

  #isOfStop({ target, action, at }: Intervention): boolean {
    return (
      networkActions.has(action) &&
      this.#downs.some(
        ({ container, fromAt, toAt }) =>
          container === target && at >= fromAt - networkReachMs && at <= toAt + networkReachMs,
      )
    );
  }

  #explain(container: string, fromAt: number, toAt: number): void {
    keep(this.#requested, { container, fromAt, toAt });
  }
}

/**
 * An engine that stops or starts also stops or starts the containers, some time before or after its
 * loss is known.
 */
const engineReachMs = { before: 10_000, after: 30_000 };

/**
 * True if the engine itself may have caused a container event at this time: it was about to stop,
 * or had just started.
 */
export function mayBeOfEngine(at: number, { engineLosses }: Pick<RunFacts, 'engineLosses'>): boolean {
  const { before, after } = engineReachMs;
  return engineLosses.some(({ fromAt, toAt }) => at >= fromAt - before && at <= toAt + after);
}

/**
 * False if the history may have lost the event that explains the intervention (it is damaged, or
 * ends early), or if the engine itself failed around that time.
 */
export function isBeyondDoubt(
  { at }: Intervention,
  { run, problems }: { run: Pick<RunFacts, 'ended' | 'lastAt' | 'engineLosses'>; problems: readonly string[] },
): boolean {
  if (mayBeOfEngine(at, run)) return false;
  return problems.length === 0 && (run.ended !== null || at < run.lastAt - explainedWithinMs);
}

function keep<Item>(list: Item[], item: Item): void {
  if (list.length < maxKept) list.push(item);
}
