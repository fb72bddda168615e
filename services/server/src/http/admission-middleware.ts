/**
 * Refuses requests before their body is read and before any framework handles them. A refusal must
 * be cheap, because under overload most responses are refusals.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Metrics, type Route, statusClass } from '../metrics.ts';
import { type Admission, type Cost, costOfScore } from '../resilience/admission.ts';
import { isMcpUrl, sendError } from './error-response.ts';

export interface AdmissionMiddlewareOptions {
  admission: Admission;
  metrics: Metrics;
  heavyTools: ReadonlySet<string>;
}

/** A message of this size without the name of its tool is probably an import. */
const heavyMessageBytes = 64 * 1024;
/**
 * After an early response the rest of the body is discarded for this long; then the connection is
 * closed.
 */
const lingerMs = 2_000;

export function withAdmission(
  app: RequestListener,
  { admission, metrics, heavyTools }: AdmissionMiddlewareOptions,
): RequestListener {
  return (request, response) => {
    response.on('finish', cutUnreadBody);
    const route = routeOf(request);
    const clientId = request.headers['x-client-id'];
    const refusal = admission.refusal(
      typeof clientId === 'string' ? clientId : undefined,
      request.socket.remoteAddress ?? '',
      costOf(request, route, heavyTools),
    );
    if (!refusal) return app(request, response);
    metrics.requests.inc({ route, status: statusClass(refusal.status, true) });
    sendError(response, refusal);
  };
}

/** An estimate from the head. The work itself is classified again when it is known. */
function costOf(request: IncomingMessage, route: Route, heavyTools: ReadonlySet<string>): Cost {
  const length = request.headers['content-length'];
  if (route === 'score_put') return length === undefined ? 'heavy' : costOfScore(Number(length));
  if (route !== 'mcp') return 'light';
  const tool = request.headers['mcp-name'];
  if (typeof tool === 'string') return heavyTools.has(tool) ? 'heavy' : 'light';
  return Number(length ?? 0) > heavyMessageBytes ? 'heavy' : 'light';
}

/**
 * Discards the rest of the body after an early response, so that the client sees the response and
 * its next request on this connection is not stuck behind unread bytes. (Node discards it only if
 * nothing has been read.) After `lingerMs` the connection is closed.
 *
 * A small body arrives within this turn of the event loop and needs no timer. No timer outlives its
 * request: it would keep the refused request until V8 promotes it to the old generation, and
 * collecting that costs as much as the rest of a refusal.
 */
function cutUnreadBody(this: ServerResponse): void {
  if (!this.req.complete) setImmediate(dropUnreadBody, this.req);
}

function dropUnreadBody(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.destroy(), lingerMs);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

function routeOf({ url = '', method }: Pick<IncomingMessage, 'url' | 'method'>): Route {
  if (isMcpUrl(url)) return 'mcp';
  // Express ignores the case of a path, and a trailing slash.
  const path = (url.split('?', 1)[0] ?? '').toLowerCase().replace(/\/$/, '');
  if (path === '/scores') return 'scores_list';
  if (!path.startsWith('/scores/')) return 'other';
  if (method === 'PUT') return 'score_put';
  if (method === 'GET') return 'score_get';
  return method === 'DELETE' ? 'score_delete' : 'other';
}

/** Counts and times an admitted request. */
export function observe(metrics: Metrics, request: IncomingMessage, response: ServerResponse): void {
  const route = routeOf(request);
  const endTimer = metrics.durations.startTimer({ route });
  metrics.active.inc();
  response.once('close', () => {
    endTimer();
    metrics.active.dec();
    metrics.requests.inc({ route, status: statusClass(response.statusCode, response.writableFinished) });
  });
}
