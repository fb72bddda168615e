/**
 * Finds the moment at which the system is back to normal after a fault, on events in the order of time and in bounded
 * memory. A second is normal when, of the attempts and probes that ended in it, no larger share failed than in 19 of 20
 * fault-free seconds before the fault (usually none). A probe fails after 1 s, so a system that is slower than that is not
 * normal either.
 *
 * Other response times are left out. Those of users count from the intended start, so after an outage they contain the users'
 * own retry pauses and backlog, which no server can shorten. Those of probes follow the machine: in a smoke run beside a
 * compiler they rose tenfold without any fault. Attempts and probes that began before the fault ended belong to the fault,
 * whenever they fail.
 */
import type { EventOf } from '@encore/contracts';
import { neutralOutcomes } from '@encore/contracts';
import { percentileOf } from './threshold.ts';
import type { Probe } from './time-order.ts';

/** Longer than the 4 s between the first and the second retry of a user, which look calm in between. */
const normalSecondsInARow = 5;
/**
 * A fault's window ends at the latest so long after the fault. A tool's circuit breaker, the slowest protection of the
 * bundled server, may need 60 s and two trial calls; what is not normal after that does not protect itself, it is broken.
 */
export const longestReturnMs = 90_000;
/** Why nobody knows when the system was back to normal after a fault that ended under another one. */
export const overlapReason = 'another fault was active';
/** The fault-free seconds that a fault is compared with. */
const maxReference = 60;
const minReference = 5;
/** Failures counted in one second and listed in the next are not missing from the list. */
const ragged = 10;
/** Reports of a second that are further apart leave time that nobody observed. */
const widestStepMs = 3_000;

interface Following {
  endedAt: number;
  maxFailedShare: number;
  /** Whole normal seconds in a row, and when the first of them, or of the part of one before them, began. */
  inARow: number;
  rowStartsAt: number | null;
  lastSecondAt: number;
  lastAbnormalAt: number | null;
}

export class ReturnToNormal {
  /** Shares of failures. */
  readonly #reference: number[] = [];
  #following: Following | null = null;
  /** Of the second under way. */
  #failed = 0;
  #probesOk = 0;
  /** Failed attempts that were counted but not listed so far. */
  #unlisted = 0;

  /** From now on each second is compared with the fault-free time before the fault that ended at `endedAt`. */
  follow(endedAt: number): void {
    this.#following = {
      endedAt,
      maxFailedShare: this.#maxFailedShare(),
      inARow: 0,
      rowStartsAt: null,
      lastSecondAt: endedAt,
      lastAbnormalAt: null,
    };
  }

  /** The end of the last second that was not normal; null when there was none. */
  get lastAbnormalAt(): number | null {
    return this.#following?.lastAbnormalAt ?? null;
  }

  /** Was the load heard of shortly before `at`? */
  observedUntil(at: number): boolean {
    return this.#following !== null && at - this.#following.lastSecondAt <= 2 * widestStepMs;
  }

  stop(): void {
    this.#following = null;
  }

  probe({ outcome, dueAt }: Probe): void {
    if (isNeutral(outcome) || this.#isOfTheFault(dueAt)) return;
    if (outcome === 'ok') this.#probesOk += 1;
    else this.#failed += 1;
  }

  failure({ outcome, startedAt }: EventOf<'attempt_failed'>): void {
    if (isNeutral(outcome)) return;
    this.#unlisted -= 1;
    if (!this.#isOfTheFault(startedAt)) this.#failed += 1;
  }

  /**
   * Closes the second that ended at `event.at`. Returns when normal time began, once it has lasted for 5 s. `usable`: the
   * injector itself worked. `faultFree`: the second belongs to no fault, so later ones are compared with it.
   */
  second(event: EventOf<'load_second'>, { usable, faultFree }: { usable: boolean; faultFree: boolean }): number | null {
    const failedShare = this.#close(event);
    if (failedShare === null || !usable) return null;
    if (faultFree) {
      this.#reference.push(failedShare);
      if (this.#reference.length > maxReference) this.#reference.shift();
    }
    return this.#following === null ? null : compare(failedShare, event.at, this.#following);
  }

  /** Null for a second in which nothing ended, which says nothing. */
  #close(event: EventOf<'load_second'>): number | null {
    const { ok, failed: counted } = attemptsOf(event);
    this.#unlisted += counted;
    let failed = this.#failed;
    if (this.#unlisted > ragged) {
      // Nobody knows when these began; in the second in which the fault ended they are taken for the fault's.
      if (!this.#isOfTheFault(event.at - 1_000)) failed += this.#unlisted;
      this.#unlisted = 0;
    }
    const right = ok + this.#probesOk;
    this.#failed = 0;
    this.#probesOk = 0;
    if (right + failed === 0) return null;
    return failed / (right + failed);
  }

  #isOfTheFault(startedAt: number): boolean {
    return this.#following !== null && startedAt < this.#following.endedAt;
  }

  /** Without a fault-free time to compare with, nothing may fail. */
  #maxFailedShare(): number {
    if (this.#reference.length < minReference) return 0;
    return (
      percentileOf(
        this.#reference.toSorted((a, b) => a - b),
        95,
      ) ?? 0
    );
  }
}

function compare(failedShare: number, at: number, following: Following): number | null {
  const { maxFailedShare, endedAt } = following;
  const startsAt = at - 1_000;
  if (at - following.lastSecondAt > widestStepMs) restart(following);
  following.lastSecondAt = at;
  if (failedShare > maxFailedShare) {
    restart(following);
    following.lastAbnormalAt = at;
    return null;
  }
  following.rowStartsAt ??= Math.max(endedAt, startsAt);
  // The second in which the fault ended is only a part of one.
  if (startsAt >= endedAt) following.inARow += 1;
  return following.inARow >= normalSecondsInARow ? following.rowStartsAt : null;
}

function restart(following: Following): void {
  following.inARow = 0;
  following.rowStartsAt = null;
}

function attemptsOf({ attempts }: EventOf<'load_second'>): { ok: number; failed: number } {
  const counts = { ok: 0, failed: 0 };
  for (const [outcome, count] of Object.entries(attempts)) {
    if (isNeutral(outcome)) continue;
    counts[outcome === 'ok' ? 'ok' : 'failed'] += count;
  }
  return counts;
}

function isNeutral(outcome: string): boolean {
  return neutralOutcomes.some((neutral) => neutral === outcome);
}
