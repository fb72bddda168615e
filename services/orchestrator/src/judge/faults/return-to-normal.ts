/**
 * Finds when the system is back to normal after a fault, from events in time order and in bounded
 * memory. A second is normal if the share of failures among the attempts and probes that ended in
 * it is at most the 95th percentile of the fault-free seconds before the fault (usually 0). A probe
 * fails after 1 s, so a system that is slower than that is not normal either.
 *
 * Other response times are not used. Those of users are measured from the intended start, so after
 * an outage they include the users' own retry pauses and backlog, which no server can shorten.
 * Those of probes depend on the machine: in a smoke run with a compiler running on the same
 * machine, they rose tenfold without any fault. Attempts and probes that began before the fault
 * ended belong to the fault, whenever they fail.
 */
import type { EventOf } from '@encore/contracts';
import { isNeutral } from '@encore/contracts';
import { attemptsOf, percentileOf } from '../../figures.ts';
import type { Probe } from '../events/time-order.ts';

/** Longer than the 4 s between the first and the second retry of a user, when all seems normal. */
const requiredNormalSeconds = 5;
/**
 * A fault's window ends at most this long after the fault. The circuit breaker of a tool, the
 * slowest protection of the bundled server, can need 60 s and two trial calls; a system that is
 * still abnormal after that is broken.
 */
export const maxReturnMs = 90_000;
/** Reason of an unknown return to normal: another fault was active when this one ended. */
export const overlapReason = 'another fault was active';
/** Number of fault-free seconds in the reference sample. */
const maxReference = 60;
const minReference = 5;
/** This many failures may be counted in one second but listed in the next. */
const listingTolerance = 10;
/** `load_second` events that are further apart leave unobserved time between them. */
const maxStepMs = 3_000;

interface Following {
  endedAt: number;
  maxFailedShare: number;
  /** Consecutive whole normal seconds, and when they (or a partial second before) began. */
  consecutive: number;
  normalSinceAt: number | null;
  lastSecondAt: number;
  lastAbnormalAt: number | null;
}

export class ReturnToNormal {
  /** Failure shares of the latest fault-free seconds, 0 to 1. */
  readonly #reference: number[] = [];
  #following: Following | null = null;
  /** Counts of the current second. */
  #failed = 0;
  #probesOk = 0;
  /** Failed attempts that were counted but not listed yet. */
  #unlisted = 0;

  /** Starts to compare seconds with the time before the fault that ended at `endedAt`. */
  follow(endedAt: number): void {
    this.#following = {
      endedAt,
      maxFailedShare: this.#maxFailedShare(),
      consecutive: 0,
      normalSinceAt: null,
      lastSecondAt: endedAt,
      lastAbnormalAt: null,
    };
  }

  /** End of the last abnormal second; null if there was none. */
  get lastAbnormalAt(): number | null {
    return this.#following?.lastAbnormalAt ?? null;
  }

  /** True if there was load data shortly before `at`. */
  observedUntil(at: number): boolean {
    return this.#following !== null && at - this.#following.lastSecondAt <= 2 * maxStepMs;
  }

  stop(): void {
    this.#following = null;
  }

  probe({ outcome, dueAt }: Probe): void {
    if (isNeutral(outcome) || this.#belongsToFault(dueAt)) return;
    if (outcome === 'ok') this.#probesOk += 1;
    else this.#failed += 1;
  }

  failure({ outcome, startedAt }: EventOf<'attempt_failed'>): void {
    if (isNeutral(outcome)) return;
    this.#unlisted -= 1;
    if (!this.#belongsToFault(startedAt)) this.#failed += 1;
  }

  /**
   * Closes the second that ended at `event.at`. Returns when normal time began, once it has lasted
   * for 5 s; otherwise null. `usable`: the injector itself worked. `faultFree`: the second belongs
   * to no fault, so it joins the reference sample.
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

  /** The failure share of the second, 0 to 1; null if nothing ended in it. */
  #close(event: EventOf<'load_second'>): number | null {
    const { ok, failed: counted } = attemptsOf(event);
    this.#unlisted += counted;
    let failed = this.#failed;
    if (this.#unlisted > listingTolerance) {
      // It is unknown when these began; in the second in which the fault ended they count as the
      // fault's.
      if (!this.#belongsToFault(event.at - 1_000)) failed += this.#unlisted;
      this.#unlisted = 0;
    }
    const succeeded = ok + this.#probesOk;
    this.#failed = 0;
    this.#probesOk = 0;
    if (succeeded + failed === 0) return null;
    return failed / (succeeded + failed);
  }

  #belongsToFault(startedAt: number): boolean {
    return this.#following !== null && startedAt < this.#following.endedAt;
  }

  /** Without enough fault-free time to compare with, no failure is normal. */
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
  if (at - following.lastSecondAt > maxStepMs) restart(following);
  following.lastSecondAt = at;
  if (failedShare > maxFailedShare) {
    restart(following);
    following.lastAbnormalAt = at;
    return null;
  }
  following.normalSinceAt ??= Math.max(endedAt, startsAt);
  // The second in which the fault ended is only partly fault-free.
  if (startsAt >= endedAt) following.consecutive += 1;
  return following.consecutive >= requiredNormalSeconds ? following.normalSinceAt : null;
}

function restart(following: Following): void {
  following.consecutive = 0;
  following.normalSinceAt = null;
}
