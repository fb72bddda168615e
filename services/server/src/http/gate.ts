/**
 * In front of everything: who is not let in is answered here, from ready-made bytes, before the body is read and before
 * any framework has looked at the request. Saying no has to stay cheap, for under overload it is what the server does most.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Metrics, type Route, statusClass } from '../metrics.ts';
import type { Admission, Cost } from '../resilience/admission.ts';
import { answerError } from './error-answer.ts';

export interface GateOptions {
  admission: Admission;
  metrics: Metrics;
  heavyTools: ReadonlySet<string>;
}

/** Bodies from this size on make their request heavy. */
const heavyUploadBytes = 1024 * 1024;
const heavyMessageBytes = 64 * 1024;
/** After an early answer the rest of a body is thrown away for this long; then the connection is cut. */
const lingerMs = 2_000;

export function gate(app: RequestListener, { admission, metrics, heavyTools }: GateOptions): RequestListener {
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
    answerError(response, refusal);
  };
}

/** A guess from the head; the work itself is judged again when it is known. */
function costOf(request: IncomingMessage, route: Route, heavyTools: ReadonlySet<string>): Cost {
  const length = request.headers['content-length'];
  if (route === 'score_put') return length === undefined || Number(length) > heavyUploadBytes ? 'heavy' : 'light';
  if (route !== 'mcp') return 'light';
  const tool = request.headers['mcp-name'];
  if (typeof tool === 'string') return heavyTools.has(tool) ? 'heavy' : 'light';
  return Number(length ?? 0) > heavyMessageBytes ? 'heavy' : 'light';
}

/**
 * The rest of a body whose request was answered early is read and dropped, so that the client sees the answer and its next request
 * on this connection is not stuck behind bytes that nobody reads (Node does so itself only if nobody had begun to read). Not for ever.
 *
 * A small body is there by the end of this turn of the event loop, and needs no timer. None outlives its request: a timer of seconds keeps
 * what was refused until V8 takes it for old, and collecting what is old costs as much as the rest of a refusal.
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

export function routeOf({ url = '', method }: Pick<IncomingMessage, 'url' | 'method'>): Route {
  const path = url.split('?', 1)[0] ?? '';
  if (path === '/mcp') return 'mcp';
  if (path === '/scores') return 'scores_list';
  if (!path.startsWith('/scores/')) return 'other';
  if (method === 'PUT') return 'score_put';
  if (method === 'GET') return 'score_get';
  return method === 'DELETE' ? 'score_delete' : 'other';
}

/** Counts and times a request that was let in. */
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
