/**
 * Stored bytes on their way to their readers. What a client does not read stays in memory, and it may ask for more on the same
 * connection meanwhile; so all of it together has a bound, and who takes nothing for too long is cut off.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { EncoreError } from '@encore/kit';
import { overloaded } from '../resilience/semaphore.ts';

/** A reader has to take so much within the time for a stall; slower ones could not be told from those who read nothing. */
const pieceBytes = 64 * 1024;

/** Answers up to this size have room of their own: readers of large ones who take nothing shut out nobody who wants little. */
const smallBytes = 64 * 1024;

export interface OutboxRoom {
  smallAnswersBytes: number;
  largeAnswersBytes: number;
}

export class Outbox {
  readonly #left: { small: number; large: number };
  readonly #stallMs: number;

  constructor({ smallAnswersBytes, largeAnswersBytes }: OutboxRoom, stallMs: number) {
    this.#left = { small: smallAnswersBytes, large: largeAnswersBytes };
    this.#stallMs = stallMs;
  }

  /** Room for what this answer holds at any time, until it is over. Throws OVERLOADED when there is none, and when nobody waits any more. */
  reserve(bytes: number, response: ServerResponse, signal: AbortSignal): void {
    // A response that has been closed is not closed again, and would keep its room.
    signal.throwIfAborted();
    const size = bytes <= smallBytes ? 'small' : 'large';
    if (bytes > this.#left[size]) throw overloaded('too many answers wait for their readers');
    this.#left[size] -= bytes;
    response.once('close', () => {
      this.#left[size] += bytes;
    });
  }

  /** Resolves when the reader has taken so much that more may follow. */
  async send(chunk: Uint8Array, response: ServerResponse, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      if (!response.write(chunk.subarray(at, at + pieceBytes))) await this.#taken(response, signal);
    }
  }

  async #taken(response: ServerResponse, signal: AbortSignal): Promise<void> {
    const stalled = new AbortController();
    const timer = setInterval(() => {
      // Without a socket it is not this answer's turn yet: an earlier one on the same connection is being read.
      if (response.socket) stalled.abort(slowReader(this.#stallMs));
    }, this.#stallMs);
    try {
      await once(response, 'drain', { signal: AbortSignal.any([signal, stalled.signal]) });
    } catch (error) {
      throw stalled.signal.aborted ? stalled.signal.reason : error;
    } finally {
      clearInterval(timer);
    }
  }
}

function slowReader(stallMs: number): EncoreError {
  return new EncoreError('SLOW_READER', `nothing of the answer was read for ${stallMs} ms`, { status: 408 });
}
