/** Gives each request a signal that aborts at its deadline and when its client disconnects. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EncoreError } from '@encore/kit';

const scopes = new WeakMap<IncomingMessage, AbortSignal>();

export function openScope(request: IncomingMessage, response: ServerResponse, timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(deadlineExceeded(timeoutMs));
    // This also ends a response that is still being sent to a slow client.
    if (response.headersSent) response.destroy();
  }, timeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) {
      controller.abort(new EncoreError('CLIENT_GONE', 'the client disconnected', { status: 499 }));
    }
  });
  scopes.set(request, controller.signal);
  return controller.signal;
}

/**
 * Aborted at the request's deadline and when its client disconnects. Throws INTERNAL before
 * openScope.
 */
export function signalOf(request: IncomingMessage): AbortSignal {
  const signal = scopes.get(request);
  if (!signal) throw new EncoreError('INTERNAL', 'the request has no scope');
  return signal;
}

function deadlineExceeded(timeoutMs: number): EncoreError {
  return new EncoreError('DEADLINE', `the request took longer than ${timeoutMs} ms`, { status: 503 });
}
