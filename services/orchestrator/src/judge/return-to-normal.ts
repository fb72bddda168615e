/**
 * Finds the moment at which the system is back to normal after a fault, on events in the order of time and in bounded
 * memory. The judge calls a second normal when both hold:
 *
 * - of the attempts and probes that ended in it, no larger share failed than in 19 of 20 fault-free seconds before the
 *   fault (usually none);
 * - its slowest right probe took at most twice the slowest probe of 19 of 20 fault-free seconds, plus 50 ms.
 *
 * The response times of users say less here: they count from the intended start, so after an outage they contain the
 * users' own retry pauses and backlog, which no server can shorten. Attempts and probes that began before the fault ended
 * belong to the fault, whenever they fail.
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
/** The fault-free seconds that a fault is compared with. */
const maxReference = 60;
const minReference = 5;
const slackMs = 50;
/** Failures counted in one second and listed in the next are not missing from the list. */
const ragged = 10;
/** Reports of a second that are further apart leave time that nobody observed. */
const widestStepMs = 3_000;

interface Band {
  failedShare: number;
  slowestMs: number;
}

interface Following {
  endedAt: number;
  band: Band;
  /** Whole normal seconds in a row, and when the first of them, or of the part of one before them, began. */
  inARow: number;
  rowStartsAt: number | null;
  lastSecondAt: number;
  lastAbnormalAt: number | null;
}

export class ReturnToNormal {
  readonly #reference: Band[] = [];
  #following: Following | null = null;
  /** Of the second under way. */
  #failed = 0;
  #probesOk = 0;
  #slowestMs = 0;
  /** Failed attempts that were counted but not listed so far. */
  #unlisted = 0;

  /** From now on each second is compared with the fault-free time before the fault that ended at `endedAt`. */
  follow(endedAt: number): void {
    const band = this.#band();
    this.#following = {
      endedAt,
      band,
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

  probe({ outcome, dueAt, at }: Probe): void {
    if (isNeutral(outcome) || this.#isOfTheFault(dueAt)) return;
    if (outcome !== 'ok') this.#failed += 1;
    else {
      this.#probesOk += 1;
      this.#slowestMs = Math.max(this.#slowestMs, at - dueAt);
    }
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
    const second = this.#close(event);
    if (second === null || !usable) return null;
    if (faultFree) {
      this.#reference.push(second);
      if (this.#reference.length > maxReference) this.#reference.shift();
    }
    return this.#following === null ? null : compare(second, event.at, this.#following);
  }

  /** Null for a second in which nothing ended, which says nothing. */
  #close(event: EventOf<'load_second'>): Band | null {
    const { ok, failed: counted } = attemptsOf(event);
    this.#unlisted += counted;
    let failed = this.#failed;
    if (this.#unlisted > ragged) {
      // Nobody knows when these began; in the second in which the fault ended they are taken for the fault's.
      if (!this.#isOfTheFault(event.at - 1_000)) failed += this.#unlisted;
      this.#unlisted = 0;
    }
    const right = ok + this.#probesOk;
    const slowestMs = this.#slowestMs;
    this.#failed = 0;
    this.#probesOk = 0;
    this.#slowestMs = 0;
    if (right + failed === 0) return null;
    return { failedShare: failed / (right + failed), slowestMs };
  }

  #isOfTheFault(startedAt: number): boolean {
    return this.#following !== null && startedAt < this.#following.endedAt;
  }

  /** Without a fault-free time to compare with, nothing may fail. */
  #band(): Band {
    if (this.#reference.length < minReference) return { failedShare: 0, slowestMs: Number.POSITIVE_INFINITY };
    const at95 = (of: (second: Band) => number): number =>
      percentileOf(
        this.#reference.map(of).sort((a, b) => a - b),
        95,
      ) ?? 0;
    return {
      failedShare: at95(({ failedShare }) => failedShare),
      slowestMs: 2 * at95(({ slowestMs }) => slowestMs) + slackMs,
    };
  }
}

function compare(second: Band, at: number, following: Following): number | null {
  const { band, endedAt } = following;
  const startsAt = at - 1_000;
  if (at - following.lastSecondAt > widestStepMs) restart(following);
  following.lastSecondAt = at;
  if (second.failedShare > band.failedShare || second.slowestMs > band.slowestMs) {
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
