/**
 * When a run must end before its time although nobody asks for it: the lab does not come back, the machine runs out, or the server was caught
 * with a wrong answer. Going on would harm the machine or measure a ruin. Whatever is held is undone, and what there is is judged.
 */
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';

export interface StopLimits {
  /** The server may be out of service for so long while no fault is held. */
  brokenMs: number;
  /** So many wrong answers are enough. The first one has lost the run already; the others show how it goes wrong. */
  wrongAnswers: number;
  memoryBytes: number;
  diskBytes: number;
}

/** The machine's free memory and disk; null where nobody can tell. */
export interface Room {
  memoryBytes: number | null;
  diskBytes: number | null;
}

export interface Signs {
  now: number;
  isReady: boolean;
  faultsHeld: number;
  /** Answers to users that were corrupt or stale. */
  wrongAnswers: number;
  room: Room;
}

const mebibyte = 1_048_576;

/** A recovery that took longer than its limit has lost already; the supervisor may still need as long again to try once more. */
export function stopLimits(recoveryTimeoutSeconds: number): StopLimits {
  const brokenMs = Math.max(60_000, 3_000 * recoveryTimeoutSeconds);
  return { brokenMs, wrongAnswers: 10, memoryBytes: 64 * mebibyte, diskBytes: 64 * mebibyte };
}

export class StopRules {
  readonly #limits: StopLimits;
  #brokenMs = 0;
  #lookedAt: number | null = null;

  constructor(limits: StopLimits) {
    this.#limits = limits;
  }

  /** Why the run must end, in words; null while it may go on. */
  look({ now, isReady, faultsHeld, wrongAnswers, room }: Signs): string | null {
    const passedMs = now - (this.#lookedAt ?? now);
    this.#lookedAt = now;
    // While a fault is held nobody expects the server to be there; that time counts neither for it nor against it.
    if (isReady) this.#brokenMs = 0;
    else if (faultsHeld === 0) this.#brokenMs += passedMs;
    const { brokenMs, memoryBytes, diskBytes } = this.#limits;
    if (this.#brokenMs > brokenMs)
      return `the server has not been ready for ${Math.round(brokenMs / 1_000)} s, and no fault is held`;
    if (wrongAnswers >= this.#limits.wrongAnswers)
      return `the server gave ${wrongAnswers} wrong answers: what it says cannot be trusted`;
    if (room.memoryBytes !== null && room.memoryBytes < memoryBytes)
      return `the machine has only ${mebibytes(room.memoryBytes)} of memory left`;
    if (room.diskBytes !== null && room.diskBytes < diskBytes)
      return `the disk of the results has only ${mebibytes(room.diskBytes)} left`;
    return null;
  }
}

/** What other systems than Linux call free leaves out what they would give back at once. */
export async function roomOf(folder: string): Promise<Room> {
  const memoryBytes = process.platform === 'linux' ? freemem() : null;
  const disk = await statfs(folder).catch(() => null);
  return { memoryBytes, diskBytes: disk && disk.bavail * disk.bsize };
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / mebibyte)} MiB`;
