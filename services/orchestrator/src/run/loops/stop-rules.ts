/**
 * Ends a run early without a request: the server does not recover, the machine runs out of memory
 * or disk, or the server gave wrong answers. Faults are reverted, and the verdict uses what
 * was recorded.
 */
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';

export interface StopLimits {
  /** Maximum time for which the server may be unready without an active fault. */
  brokenMs: number;
  /** Wrong answers that end the run. The first one fails it; the others show the pattern. */
  wrongAnswers: number;
  memoryBytes: number;
  diskBytes: number;
  /** How often all rules are judged for the user's abort rules. */
  judgeEveryMs: number;
}

/** Free memory and disk of the machine; null if unknown. */
export interface FreeResources {
  memoryBytes: number | null;
  diskBytes: number | null;
}

export interface StopInputs {
  now: number;
  isReady: boolean;
  activeFaults: number;
  /** Answers to users that were corrupt or stale. */
  wrongAnswers: number;
  resources: FreeResources;
}

const mebibyte = 1_048_576;

/** Three times the recovery limit leaves the supervisor time for a second try. */
export function stopLimits(recoveryTimeoutSeconds: number): StopLimits {
  const brokenMs = Math.max(60_000, 3_000 * recoveryTimeoutSeconds);
  return { brokenMs, wrongAnswers: 10, memoryBytes: 64 * mebibyte, diskBytes: 64 * mebibyte, judgeEveryMs: 5_000 };
}

export class StopRules {
  readonly #limits: StopLimits;
  readonly #recoveryOf: string;
  #brokenMs = 0;
  #evaluatedAt: number | null = null;

  /** `recoveryOf` is the container whose readiness is evaluated. */
  constructor(limits: StopLimits, recoveryOf: string) {
    this.#limits = limits;
    this.#recoveryOf = recoveryOf;
  }

  /** Returns the reason why the run must end, or null. */
  evaluate({ now, isReady, activeFaults, wrongAnswers, resources }: StopInputs): string | null {
    const passedMs = now - (this.#evaluatedAt ?? now);
    this.#evaluatedAt = now;
    // The server may be down while a fault is active; that time does not count.
    if (isReady) this.#brokenMs = 0;
    else if (activeFaults === 0) this.#brokenMs += passedMs;
    const { brokenMs, memoryBytes, diskBytes } = this.#limits;
    if (this.#brokenMs > brokenMs)
      return `${this.#recoveryOf} has not been ready for ${Math.round(brokenMs / 1_000)} s although no fault was active`;
    if (wrongAnswers >= this.#limits.wrongAnswers)
      return `users received ${wrongAnswers} wrong answers (limit ${this.#limits.wrongAnswers})`;
    if (resources.memoryBytes !== null && resources.memoryBytes < memoryBytes)
      return `the machine has only ${megabytes(resources.memoryBytes)} of memory left (minimum ${megabytes(memoryBytes)})`;
    if (resources.diskBytes !== null && resources.diskBytes < diskBytes)
      return `the results disk has only ${megabytes(resources.diskBytes)} left (minimum ${megabytes(diskBytes)})`;
    return null;
  }
}

/** Linux only for memory: elsewhere `freemem` excludes what the system can reclaim. */
export async function freeResources(folder: string): Promise<FreeResources> {
  const memoryBytes = process.platform === 'linux' ? freemem() : null;
  const disk = await statfs(folder).catch(() => null);
  return { memoryBytes, diskBytes: disk && disk.bavail * disk.bsize };
}

const megabytes = (bytes: number): string => `${Math.floor(bytes / mebibyte)} MB`;
