/** What belongs to one request: its deadline, and the knowledge that its client has gone. Work for nobody is stopped. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EncoreError } from '@encore/kit';

const scopes = new WeakMap<IncomingMessage, AbortSignal>();

export function openScope(request: IncomingMessage, response: ServerResponse, timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(deadlineExceeded(timeoutMs));
    // An answer that is still being sent to a slow reader ends here too.
    if (response.headersSent) response.destroy();
  }, timeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) {
      controller.abort(new EncoreError('CLIENT_GONE', 'the client closed the connection', { status: 499 }));
    }
  });
  scopes.set(request, controller.signal);
  return controller.signal;
}

/** Aborted at the request's deadline, and when its client has gone. */
export function signalOf(request: IncomingMessage): AbortSignal {
  const signal = scopes.get(request);
  if (!signal) throw new EncoreError('INTERNAL', 'the request has no scope');
  return signal;
}

function deadlineExceeded(timeoutMs: number): EncoreError {
  return new EncoreError('DEADLINE', `the request took longer than ${timeoutMs} ms`, { status: 503 });
}
