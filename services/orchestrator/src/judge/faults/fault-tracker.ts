/**
 * Follows every fault from its plan until the system is back to normal, from events in time order.
 * A fault ends when its revert is verified and a correct response has proved the recovery. Its
 * window lasts until five consecutive normal seconds, the next fault, or a bound. `ownerOf` can
 * therefore decide at any time whether a span lies in a window, without later events.
 *
 *   injected ── reverted ── first correct response ── abnormal ── 5 normal seconds ─▶ window closed
 */
import { type EventOf, isNeutral, type Plan, type PlannedFault, type PlannedSystem } from '@encore/contracts';
import { ServerHealth } from '../events/server-health.ts';
import { type Observation, type Probe, timeOf } from '../events/time-order.ts';
import {
  beganAt,
  die,
  endOf,
  FaultRecord,
  isBack,
  isOpen,
  observeServer,
  overlaps,
  type ReturnOutcome,
  revert,
} from './fault-record.ts';
import { maxReturnMs, overlapReason, ReturnToNormal } from './return-to-normal.ts';

/** A fault stays in `#current` this long after its window, for requests that began in it. */
const reachMs = 120_000;
const maxFaults = 100_000;

export class FaultTracker {
  readonly records = new Map<string, FaultRecord>();
  readonly #system: PlannedSystem;
  readonly #health = new ServerHealth();
  /** Intended and injected faults in injection order; past ones leave after `reachMs`. */
  #current: FaultRecord[] = [];
  readonly #restartCounts = new Map<string, number>();
  readonly #toNormal = new ReturnToNormal();
  /** The ended fault whose return to normal is followed; at most one at a time. */
  #followed: { record: FaultRecord; endedAt: number } | null = null;
  /** True in ramp and steady, whose fault-free seconds are the reference for later ones. */
  #isMeasuring = false;
  /** The read-back restarts the server itself. */
  #isReadingBack = false;
  #injectorFailedUntil = Number.NEGATIVE_INFINITY;

  constructor(plan: Pick<Plan, 'faults' | 'system'>) {
    this.#system = plan.system;
    for (const fault of plan.faults) this.#record(fault);
  }

  add(event: Observation): void {
    const time = timeOf(event);
    switch (event.type) {
      case 'fault_intended':
        this.#intend(event);
        break;
      case 'fault_injected':
        this.#inject(event, time);
        break;
      case 'fault_effect_checked':
        this.#update(event.faultId, (record) => {
          record.effect = event.effect;
          record.effectCheckedAt = event.at;
          record.evidence = event.evidence;
        });
        break;
      case 'fault_skipped':
        this.#update(event.faultId, (record) => {
          record.skipped = { reason: event.reason, unsupported: event.unsupported };
          // Until its failed injection is reverted, it may have an effect.
          if (record.injectedAt === null && record.revertVerified !== false) record.closedAt = event.at;
        });
        break;
      case 'fault_reverted':
        this.#update(event.faultId, (record) => revert(record, event));
        break;
      case 'engine_event':
        this.#onEngineEvent(event, time);
        break;
      case 'target_started':
        this.#started(event.target, time, (record) => {
          record.startedBy = event.actor;
        });
        break;
      case 'server_observed':
        this.#observeServer(event, time);
        break;
      case 'probe':
        this.#answer(event);
        break;
      case 'attempt_failed':
        if (!isNeutral(event.outcome)) this.#failure(event.at);
        break;
      case 'answered_again':
        this.#success(event.startedAt, event.at);
        break;
      default:
        break;
    }
    this.#followReturn(event, time);
    if (event.type.startsWith('fault_')) this.#forget(time);
  }

  /** The latest fault whose window overlaps the span, or null. Call in order of `toAt`. */
  ownerOf(fromAt: number, toAt: number): FaultRecord | null {
    return this.#current.findLast((record) => overlaps(record, fromAt, toAt)) ?? null;
  }

  /**
   * The faults that are active on this container, and so can explain its events. They cannot
   * explain events later in their window: a fault that has ended neither kills nor pauses.
   */
  faultsOn(container: string, at: number): FaultRecord[] {
    return this.#current.filter((record) => record.container === container && isOpen(record, at));
  }

  /** The active fault that determines the container's memory use and limit, or null. */
  memoryFaultOn(container: string, at: number): FaultRecord | null {
    return this.faultsOn(container, at).find(({ behaviour }) => behaviour.reducesMemory) ?? null;
  }

  /** True if any fault is active. */
  isFaultOpen(at: number): boolean {
    return this.#current.some((record) => isOpen(record, at));
  }

  #followReturn(event: Observation, time: number): void {
    this.#findEnds();
    switch (event.type) {
      case 'phase_entered':
        this.#isMeasuring = event.phase === 'ramp' || event.phase === 'steady';
        this.#isReadingBack ||= event.phase === 'read-back';
        // Without load the return to normal is unknown, so later failures belong to the fault up to
        // the bound.
        if (!this.#isMeasuring && this.#followed !== null)
          this.#closeFollowed(this.#followed.endedAt + maxReturnMs, 'the load ended');
        break;
      case 'injector_failed':
        this.#injectorFailedUntil = Math.max(this.#injectorFailedUntil, event.toAt);
        break;
      case 'probe':
        this.#toNormal.probe(event);
        break;
      case 'attempt_failed':
        this.#toNormal.failure(event);
        break;
      case 'load_second':
        this.#second(event);
        break;
      default:
        break;
    }
    if (this.#followed !== null && time >= this.#followed.endedAt + maxReturnMs) this.#reachBound(this.#followed);
  }

  #second(event: EventOf<'load_second'>): void {
    const fromAt = event.at - 1_000;
    const usable = this.#injectorFailedUntil < fromAt;
    const faultFree = usable && this.#isMeasuring && this.ownerOf(fromAt, event.at) === null;
    const normalAt = this.#toNormal.second(event, { usable, faultFree });
    if (normalAt !== null) this.#close(event.at, { state: 'normal', at: normalAt });
  }

  /** Follows the fault that has just ended, unless another one is active and hides its effects. */
  #findEnds(): void {
    for (const record of this.#current) {
      if (record.closedAt !== null || beganAt(record) === null) continue;
      const endedAt = endOf(record);
      const isFollowed = this.#followed?.record === record;
      if (isFollowed && this.#followed?.endedAt === endedAt) continue;
      // Its end has moved: its target died again, or the revert came later.
      if (isFollowed) this.#stopFollowing();
      if (endedAt === null) continue;
      this.#closeFollowed(endedAt, overlapReason);
      this.#followed = { record, endedAt };
      this.#toNormal.follow(endedAt);
      const others = this.#current.filter((other) => other !== record && other.injectedAt !== null);
      if (others.some((other) => other.closedAt === null && endOf(other) === null)) {
        this.#closeFollowed(endedAt, overlapReason);
      }
    }
  }

  #reachBound({ endedAt }: { endedAt: number }): void {
    const boundAt = endedAt + maxReturnMs;
    if (this.#toNormal.observedUntil(boundAt)) this.#close(boundAt, { state: 'never' });
    else this.#closeFollowed(boundAt, 'the load was not observed');
  }

  #closeFollowed(at: number, reason: string): void {
    const { lastAbnormalAt } = this.#toNormal;
    this.#close(at, { state: 'censored', lastAbnormalAt, reason });
  }

  #close(at: number, outcome: ReturnOutcome): void {
    if (this.#followed === null) return;
    const { record, endedAt } = this.#followed;
    record.closedAt = Math.max(at, endedAt);
    record.returned = outcome;
    this.#stopFollowing();
  }

  #stopFollowing(): void {
    this.#followed = null;
    this.#toNormal.stop();
  }

  #record(fault: PlannedFault): FaultRecord {
    const known = this.records.get(fault.id) ?? new FaultRecord(fault, this.#system);
    if (this.records.size < maxFaults) this.records.set(fault.id, known);
    return known;
  }

  #update(id: string, change: (record: FaultRecord) => void): void {
    const record = this.records.get(id);
    if (record !== undefined) change(record);
  }

  #intend(event: EventOf<'fault_intended'>): void {
    const record = this.#record(event.fault);
    record.intendedAt ??= event.at;
    if (!this.#current.includes(record)) this.#current.push(record);
  }

  #inject(event: EventOf<'fault_injected'>, time: number): void {
    const { faultId: id, kind, target, params } = event;
    const record = this.#record(
      this.records.get(id)?.fault ?? { id, kind, target, atSeconds: 0, durationSeconds: 0, params },
    );
    this.#begin(record, time);
  }

  #begin(record: FaultRecord, time: number): void {
    if (record.injectedAt !== null) return;
    record.injectedAt = time;
    record.restartCountBefore = this.#restartCounts.get(record.container) ?? null;
    if (record.behaviour.clock !== 'revert') record.clockStartsAt = time;
    this.#current = [...this.#current.filter((other) => other !== record), record];
    this.#closeFollowed(beganAt(record) ?? time, 'another fault began');
  }

  #onEngineEvent(event: EventOf<'engine_event'>, time: number): void {
    if (event.action === 'die') this.#died(event.target, time);
    if (event.action === 'start') {
      this.#started(event.target, time, (record) => {
        record.restartCountAfter = event.restartCount ?? null;
      });
    }
    if (event.restartCount !== undefined) this.#restartCounts.set(event.target, event.restartCount);
  }

  /** A death belongs to the latest injected fault on that container. */
  #died(container: string, time: number): void {
    // The injector may record the injection shortly after the engine records the death.
    const intended = this.#current.find((record) => record.injectedAt === null && record.container === container);
    if (intended?.behaviour.deathIsTheInjection) this.#begin(intended, time);
    const open = [...this.#open(time)];
    const owner = open.findLast((record) => record.container === container);
    if (owner !== undefined) die(owner, time);
    else if (!this.#isReadingBack) for (const record of open) record.alsoDied.set(container, time);
  }

  /** A start of the container ends the downtime of every fault that stopped it. */
  #started(container: string, time: number, note: (record: FaultRecord) => void): void {
    for (const record of this.#current) {
      const { clock } = record.behaviour;
      const down = record.diedAt !== null || clock === 'injection';
      if (record.container !== container || record.injectedAt === null || !down) continue;
      // A busy engine reports a start late, so the first start after a death counts even if users
      // had a correct response before it.
      const isFirst = record.diedAt !== null && (record.restartedAt ?? time) === time;
      if (record.firstSuccessAt !== null && !isFirst) continue;
      record.restartedAt ??= time;
      if (clock === 'injection') record.referenceAt ??= time;
      note(record);
    }
  }

  #answer(probe: Probe): void {
    if (probe.outcome === 'ok') this.#success(probe.dueAt, probe.at);
    else if (!isNeutral(probe.outcome)) this.#failure(probe.at);
  }

  /**
   * A fault on one replica of the judged container follows that replica; any other fault follows
   * the server as a whole.
   */
  #observeServer(event: EventOf<'server_observed'>, time: number): void {
    const whole = this.#health.add(event);
    for (const record of this.#open(time)) {
      if (!record.isReplica || record.isOnDependency) observeServer(record, whole);
      else if (record.container === event.target) observeServer(record, event);
    }
  }

  #failure(at: number): void {
    for (const record of this.#open(at)) record.detectedAt ??= at;
  }

  #success(startedAt: number, at: number): void {
    for (const record of this.#open(at)) {
      const provenFrom = record.referenceAt;
      if (provenFrom !== null && startedAt >= provenFrom && isBack(record, startedAt)) record.firstSuccessAt ??= at;
      const activeFrom = record.detectedAt ?? record.injectedAt ?? at;
      if (record.revertedAt === null && record.diedAt === null && startedAt >= activeFrom)
        record.answeredWhileActive = true;
    }
  }

  *#open(at: number): Generator<FaultRecord> {
    for (const record of this.#current) if (isOpen(record, at)) yield record;
  }

  #forget(now: number): void {
    this.#current = this.#current.filter((record) => (record.closedAt ?? now) + reachMs >= now);
  }
}
