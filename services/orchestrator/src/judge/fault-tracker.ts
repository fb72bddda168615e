/**
 * Follows every fault from its plan until the system is back to normal, on events in the order of time. A fault is over with
 * both its undo and the first right answer after it; its window lasts until five normal seconds in a row have passed since, until
 * another fault begins, or until a bound. So `ownerOf` knows at any moment whether a span of time lies in a window,
 * without a look into the future.
 *
 *   injected ── undone ── first right answer ── not normal ... ── 5 normal seconds ─▶ window closed
 */
import type { EventOf, Plan, PlannedFault } from '@encore/contracts';
import type { FaultRecord, ReturnOutcome } from './fault-record.ts';
import { beganAt, containerOfFault, endOf, newFaultRecord, settlingMs } from './fault-record.ts';
import { containerOf, kindTraits } from './kind-traits.ts';
import { longestReturnMs, overlapReason, ReturnToNormal } from './return-to-normal.ts';
import { type Observation, type Probe, timeOf } from './time-order.ts';
import { isNeutral } from './traffic.ts';

/** A fault stays in reach this long after its window, for answers that began before its end. */
const reachMs = 120_000;
const maxFaults = 100_000;

export class FaultTracker {
  readonly records = new Map<string, FaultRecord>();
  /** Injected or about to be, in order of injection; past ones leave after `reachMs`. */
  #current: FaultRecord[] = [];
  readonly #restartCounts = new Map<string, number>();
  readonly #toNormal = new ReturnToNormal();
  /** The fault that is over, and whose way back to normal is followed. At most one is. */
  #followed: { record: FaultRecord; endedAt: number } | null = null;
  /** Ramp and steady: the time that later seconds may be compared with. */
  #counting = false;
  #injectorFailedUntil = Number.NEGATIVE_INFINITY;

  constructor(plan: Plan) {
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
      case 'fault_bit':
        this.#update(event.faultId, (record) => {
          record.bit = event.bit;
          record.bitAt = event.at;
          record.evidence = event.evidence;
        });
        break;
      case 'fault_skipped':
        this.#update(event.faultId, (record) => {
          record.skipped = { reason: event.reason, unsupported: event.unsupported };
          if (record.injectedAt === null) record.closedAt = event.at;
        });
        break;
      case 'fault_undone':
        this.#update(event.faultId, (record) => undo(record, event));
        break;
      case 'engine_saw':
        this.#engineSaw(event, time);
        break;
      case 'target_started':
        this.#started(containerOf[event.target], time, (record) => {
          record.startedBy = event.actor;
        });
        break;
      case 'server_seen':
        for (const record of this.#open(time)) seeServer(record, event);
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

  /** The fault injected last whose window overlaps this span. Ask in the order of `toAt`. */
  ownerOf(fromAt: number, toAt: number): FaultRecord | null {
    return this.#current.findLast((record) => overlaps(record, fromAt, toAt)) ?? null;
  }

  /**
   * The faults that act upon this container at this moment, and may explain what happens to it. What happens later in their
   * windows is for the target to answer: a fault that is over neither kills nor pauses.
   */
  faultsOn(container: string, at: number): FaultRecord[] {
    return this.#current.filter((record) => containerOfFault(record) === container && isOpen(record, at));
  }

  /** Does any fault act at this moment? */
  isFaultOpen(at: number): boolean {
    return this.#current.some((record) => isOpen(record, at));
  }

  #followReturn(event: Observation, time: number): void {
    this.#findEnds();
    switch (event.type) {
      case 'phase_entered':
        this.#counting = event.phase === 'ramp' || event.phase === 'steady';
        // Nobody can tell how it goes on, so what still fails may belong to the fault as long as the bound lasts.
        if (!this.#counting && this.#followed !== null)
          this.#closeFollowed(this.#followed.endedAt + longestReturnMs, 'the load ended');
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
    if (this.#followed !== null && time >= this.#followed.endedAt + longestReturnMs) this.#reachBound(this.#followed);
  }

  #second(event: EventOf<'load_second'>): void {
    const fromAt = event.at - 1_000;
    const usable = this.#injectorFailedUntil < fromAt;
    const faultFree = usable && this.#counting && this.ownerOf(fromAt, event.at) === null;
    const normalAt = this.#toNormal.second(event, { usable, faultFree });
    if (normalAt !== null) this.#close(event.at, { state: 'normal', at: normalAt });
  }

  /** Follows the fault that has just ended. One that ends while another acts cannot be told from it. */
  #findEnds(): void {
    for (const record of this.#current) {
      if (record.closedAt !== null || beganAt(record) === null) continue;
      const endedAt = endOf(record);
      const isFollowed = this.#followed?.record === record;
      if (isFollowed && this.#followed?.endedAt === endedAt) continue;
      // It ended later than it seemed, or its target died once more.
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
    const boundAt = endedAt + longestReturnMs;
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
    const known = this.records.get(fault.id) ?? newFaultRecord(fault);
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
    const { faultId: id, kind, target } = event;
    const record = this.#record(
      this.records.get(id)?.fault ?? { id, kind, target, atSeconds: 0, durationSeconds: 0, params: {} },
    );
    this.#begin(record, time);
  }

  #begin(record: FaultRecord, time: number): void {
    if (record.injectedAt !== null) return;
    record.injectedAt = time;
    record.restartCountBefore = this.#restartCounts.get(containerOfFault(record)) ?? null;
    if (kindTraits[record.fault.kind].clock !== 'undo') record.clockStartsAt = time;
    this.#current = [...this.#current.filter((other) => other !== record), record];
    this.#closeFollowed(beganAt(record) ?? time, 'another fault began');
  }

  #engineSaw(event: EventOf<'engine_saw'>, time: number): void {
    if (event.action === 'die') this.#died(event.target, time);
    if (event.action === 'start') {
      this.#started(event.target, time, (record) => {
        record.restartCountAfter = event.restartCount ?? null;
      });
    }
    if (event.restartCount !== undefined) this.#restartCounts.set(event.target, event.restartCount);
  }

  /** A death belongs to the fault on that container that was injected last. */
  #died(container: string, time: number): void {
    // The injector may note its act a moment after the engine noted the death.
    const asked = this.#current.find((record) => record.injectedAt === null && containerOfFault(record) === container);
    if (asked !== undefined && kindTraits[asked.fault.kind].deathIsTheAct) this.#begin(asked, time);
    const open = [...this.#open(time)];
    const owner = open.findLast((record) => containerOfFault(record) === container);
    if (owner !== undefined) die(owner, time);
    for (const record of open) {
      if (containerOfFault(record) !== container && owner === undefined) record.alsoDied.set(container, time);
    }
  }

  /** A start of the container ends the waiting of every fault that brought it down. */
  #started(container: string, time: number, note: (record: FaultRecord) => void): void {
    for (const record of this.#current) {
      const { clock } = kindTraits[record.fault.kind];
      const down = record.diedAt !== null || clock === 'act';
      if (record.injectedAt === null || record.firstSuccessAt !== null || !down) continue;
      if (containerOfFault(record) !== container) continue;
      record.restartedAt ??= time;
      if (clock === 'act') record.referenceAt ??= time;
      note(record);
    }
  }

  #answer(probe: Probe): void {
    if (probe.outcome === 'ok') this.#success(probe.dueAt, probe.at);
    else if (!isNeutral(probe.outcome)) this.#failure(probe.at);
  }

  #failure(at: number): void {
    for (const record of this.#open(at)) record.detectedAt ??= at;
  }

  #success(startedAt: number, at: number): void {
    for (const record of this.#open(at)) {
      const provenFrom = record.referenceAt;
      if (provenFrom !== null && startedAt >= provenFrom) record.firstSuccessAt ??= at;
      const heldFrom = record.detectedAt ?? record.injectedAt ?? at;
      if (record.undoneAt === null && record.diedAt === null && startedAt >= heldFrom) record.answeredWhileHeld = true;
    }
  }

  *#open(at: number): Generator<FaultRecord> {
    for (const record of this.#current) if (isOpen(record, at)) yield record;
  }

  #forget(now: number): void {
    this.#current = this.#current.filter((record) => (record.closedAt ?? now) + reachMs >= now);
  }
}

function overlaps(record: FaultRecord, fromAt: number, toAt: number): boolean {
  const startsAt = beganAt(record);
  return startsAt !== null && startsAt <= toAt && (record.closedAt === null || fromAt <= record.closedAt);
}

/** Begun, and not over since more than `settlingMs`. */
function isOpen(record: FaultRecord, at: number): boolean {
  const startsAt = beganAt(record);
  if (startsAt === null || startsAt > at) return false;
  const endsAt = endOf(record);
  return endsAt === null || at <= endsAt + settlingMs;
}

function undo(record: FaultRecord, event: EventOf<'fault_undone'>): void {
  if (record.undoVerified === true) return;
  record.closedAt = null;
  record.returned = null;
  record.undoneAt = event.at;
  record.undoVerified = event.verified;
  record.undoCause = event.cause;
  const { clock } = kindTraits[record.fault.kind];
  if (clock === 'act') record.referenceAt ??= event.at;
  // A target that died of a held fault has its clock running already.
  if (clock === 'undo' && (record.diedAt === null || kindTraits[record.fault.kind].deathIsTheAct)) {
    record.clockStartsAt = event.at;
    record.referenceAt = event.at;
    record.firstSuccessAt = null;
  }
}

function die(record: FaultRecord, time: number): void {
  const { clock, deathIsTheAct } = kindTraits[record.fault.kind];
  const first = record.diedAt === null;
  record.diedAt ??= time;
  if (clock === 'undo' && deathIsTheAct) return;
  if (clock === 'undo' && first) record.clockStartsAt = time;
  // Whoever dies again before the fault is over must be seen to come up and answer again.
  record.referenceAt = time;
  record.firstSuccessAt = null;
  record.startedBy = null;
  record.restartedAt = null;
  record.portAt = null;
  record.readyAt = null;
}

function seeServer(record: FaultRecord, event: EventOf<'server_seen'>): void {
  if (!event.port || !event.ready) record.detectedAt ??= event.at;
  if (!event.port) record.portLost = true;
  else if (record.portLost) record.portAt ??= event.at;
  if (!event.ready) record.readyLost = true;
  else if (record.readyLost) record.readyAt ??= event.at;
}
