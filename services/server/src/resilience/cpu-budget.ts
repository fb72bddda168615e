/**
 * Tells how fast work may be let in: as fast as the CPU that the container may use can do it. When a container has used its share of a period,
 * the kernel stops all of its processes until the next one begins; at half a CPU with two threads busy that is three quarters of the
 * time, in which even a refusal waits. Who stays just below the share is never stopped.
 *
 * A bucket of time: it fills as time goes by, and the kernel's account says what was taken out; at half a CPU, a millisecond of CPU
 * takes two. Work that was let in shows in the account only later; until then it counts with what such work has cost of late.
 */
import type { Clock } from '@encore/kit';
import { type CpuAccount, openCpuAccount } from './cpu-account.ts';

/** Of the limit. */
const usableShare = 0.97;
const capacityMs = 40;
/** A debt is forgiven beyond this: a burst, or a collection of garbage, is over when it is over. */
const debtMs = 40;
/** One is not let in with less than this left, so that the other is let in first. */
const reserveMs = { light: 0, heavy: 10 };
/** In this time most of what was let in has used the CPU that it needs. */
const settleMs = 20;
/** Somebody is let in so often whatever the account says, for it also holds what long jobs take that yield to others. */
const longestPauseMs = 10;
const readEveryMs = 3;
const costEveryMs = 100;
/** More than that went to others. */
const maxCostMs = 10;
const limitEveryMs = 1_000;

export class CpuBudget {
  readonly #account: CpuAccount;
  readonly #clock: Clock;
  #cpus: number | null = null;
  #limitReadAt = Number.NEGATIVE_INFINITY;
  #readAt: number;
  /** Of CPU, as the account has it. */
  #usedMs: number;
  #leftMs = capacityMs;
  /** What those who were let in have probably not used yet. */
  #promisedMs = 0;
  #costMs = 5;
  #sinceCost = { at: 0, takenMs: 0, letIn: 0 };
  #letInAt = Number.NEGATIVE_INFINITY;

  constructor(account: CpuAccount, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
    this.#readAt = clock.now();
    this.#usedMs = account.usedMs();
  }

  /** False when it would be too much now. Always true without a limit. */
  take(cost: 'light' | 'heavy'): boolean {
    const now = this.#clock.now();
    if (now - this.#limitReadAt >= limitEveryMs) {
      this.#cpus = this.#account.cpus();
      this.#limitReadAt = now;
    }
    if (this.#cpus === null) return true;
    if (now - this.#readAt >= readEveryMs) this.#read(now, this.#cpus);
    const spent = this.#leftMs - this.#promisedMs <= reserveMs[cost];
    if (spent && now - this.#letInAt < longestPauseMs) return false;
    this.#letInAt = now;
    this.#promisedMs += this.#costMs;
    this.#sinceCost.letIn += 1;
    return true;
  }

  #read(now: number, cpus: number): void {
    const usedMs = this.#account.usedMs();
    const elapsedMs = now - this.#readAt;
    const takenMs = (usedMs - this.#usedMs) / cpus;
    this.#leftMs = Math.max(-debtMs, Math.min(capacityMs, this.#leftMs + elapsedMs * usableShare - takenMs));
    this.#promisedMs *= Math.exp(-elapsedMs / settleMs);
    this.#readAt = now;
    this.#usedMs = usedMs;
    const since = this.#sinceCost;
    since.takenMs += takenMs;
    if (now - since.at < costEveryMs) return;
    if (since.letIn > 0) this.#costMs += (Math.min(maxCostMs, since.takenMs / since.letIn) - this.#costMs) / 4;
    this.#sinceCost = { at: now, takenMs: 0, letIn: 0 };
  }
}

/** Null where nobody counts. */
export function openCpuBudget(clock: Clock): CpuBudget | null {
  const account = openCpuAccount();
  return account && new CpuBudget(account, clock);
}
