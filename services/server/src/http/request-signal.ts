/**
 * The signal of a request, in `response.locals`: it aborts at the deadline of the request and when
 * its client disconnects.
 */
import type { ServerResponse } from 'node:http';
import { EncoreError } from '@encore/kit';

/** What the routes of the users' port find in `response.locals`. */
export interface RequestLocals {
  signal: AbortSignal;
}

export function requestSignal(response: ServerResponse, timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(deadlineExceeded(timeoutMs));
    // This also ends a response that is still being sent to a slow client.
    if (response.headersSent) response.destroy();
  }, timeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) {
      controller.abort(new EncoreError('CLIENT_GONE', 'the client disconnected'));
    }
  });
  return controller.signal;
}

function deadlineExceeded(timeoutMs: number): EncoreError {
  return new EncoreError('DEADLINE', `the request took longer than ${timeoutMs / 1_000} s`);
}
