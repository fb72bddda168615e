/**
 * Limits the bytes of stored scores that responses keep in memory. What a client does not read
 * stays in memory, and the client may send further requests on the same connection, so the total is
 * limited and a client that reads nothing for too long is disconnected.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { EncoreError } from '@encore/kit';
import { overloaded } from '../resilience/semaphore.ts';

/**
 * A client must read this much within `stallMs`; a slower one cannot be distinguished from a
 * stalled one.
 */
const pieceBytes = 64 * 1024;

/**
 * Responses up to this size have their own budget, so that stalled readers of large scores do not
 * block small ones.
 */
const smallBytes = 64 * 1024;

export interface ResponseBudgetLimits {
  smallResponsesBytes: number;
  largeResponsesBytes: number;
}

export class ResponseBudget {
  readonly #left: { small: number; large: number };
  readonly #stallMs: number;

  constructor({ smallResponsesBytes, largeResponsesBytes }: ResponseBudgetLimits, stallMs: number) {
    this.#left = { small: smallResponsesBytes, large: largeResponsesBytes };
    this.#stallMs = stallMs;
  }

  /**
   * Reserves the bytes that this response keeps in memory, until it closes. Throws OVERLOADED if
   * the budget is used up, and the signal's reason if that is aborted.
   */
  reserve(bytes: number, response: ServerResponse, signal: AbortSignal): void {
    // 'close' will not fire again on a closed response, so its reservation would leak.
    signal.throwIfAborted();
    const size = bytes <= smallBytes ? 'small' : 'large';
    if (bytes > this.#left[size]) throw overloaded('too many responses wait for slow clients');
    this.#left[size] -= bytes;
    response.once('close', () => {
      this.#left[size] += bytes;
    });
  }

  /** Resolves when the client has read enough for more to be sent. */
  async send(chunk: Uint8Array, response: ServerResponse, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      if (!response.write(chunk.subarray(at, at + pieceBytes))) await this.#drained(response, signal);
    }
  }

  async #drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
    const stalled = new AbortController();
    const timer = setInterval(() => {
      // Without a socket, an earlier response on the same connection is still being read.
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
  return new EncoreError('SLOW_READER', `the client read none of the response for ${stallMs / 1_000} s`);
}
