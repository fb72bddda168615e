/** What users see (port 8000): scores and MCP, each request counted, timed, given a deadline, answered in one error format. */
import { describeError, EncoreError, type Logger } from '@encore/kit';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import type { McpRoute } from '../mcp/mcp-route.ts';
import { type Route, statusClass } from '../metrics.ts';
import { answerError, asEncoreError } from './error-answer.ts';
import { hostGuard } from './host-guard.ts';
import { openScope } from './request-scope.ts';
import { type ScoresRoutesOptions, scoresRoutes } from './scores-routes.ts';

export interface UsersAppOptions extends ScoresRoutesOptions {
  allowedHosts: readonly string[];
  requestTimeoutMs: number;
  logger: Logger;
  /** Loaded after the port is open, so that the server is reachable sooner. */
  mcp: Promise<McpRoute>;
}

/** After an early answer the rest of a body is thrown away for this long; then the connection is cut. */
const lingerMs = 2_000;

export function usersApp(options: UsersAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(observe(options));
  app.use(hostGuard(options.allowedHosts));
  app.use(scoresRoutes(options));
  app.all('/mcp', async (request, response) => (await options.mcp)(request, response));
  app.use((request) => {
    throw new EncoreError('NOT_FOUND', `there is no ${request.method} ${request.path}`, {
      status: 404,
      definite: true,
    });
  });
  app.use(errorHandler(options.logger));
  return app;
}

function observe({ metrics, requestTimeoutMs }: UsersAppOptions): RequestHandler {
  return (request, response, next) => {
    const route = routeOf(request);
    const endTimer = metrics.durations.startTimer({ route });
    metrics.active.inc();
    openScope(request, response, requestTimeoutMs);
    response.once('finish', () => {
      if (!request.complete) setTimeout(() => request.complete || request.destroy(), lingerMs).unref();
    });
    response.once('close', () => {
      endTimer();
      metrics.active.dec();
      metrics.requests.inc({ route, status: statusClass(response.statusCode, response.writableFinished) });
    });
    next();
  };
}

function routeOf({ path, method }: Request): Route {
  if (path === '/mcp') return 'mcp';
  if (path === '/scores') return 'scores_list';
  if (!path.startsWith('/scores/')) return 'other';
  if (method === 'PUT') return 'score_put';
  if (method === 'GET') return 'score_get';
  return method === 'DELETE' ? 'score_delete' : 'other';
}

function errorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const known = asEncoreError(error);
    if (known.status >= 500 && known.status !== 503) {
      logger.warn({ method: request.method, path: request.path, err: describeError(error) }, 'request failed');
    }
    answerError(response, known);
  };
}
