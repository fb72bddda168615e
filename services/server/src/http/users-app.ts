/** What users see (port 8000): scores and MCP, each request counted, timed, given a deadline, answered in one error format. */
import { describeError, EncoreError, type Logger } from '@encore/kit';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { McpRoute } from '../mcp/mcp-route.ts';
import { answerError, asEncoreError } from './error-answer.ts';
import { observe } from './gate.ts';
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

export function usersApp(options: UsersAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((request, response, next) => {
    observe(options.metrics, request, response);
    openScope(request, response, options.requestTimeoutMs);
    next();
  });
  app.use(hostGuard(options.allowedHosts));
  app.all('/mcp', async (request, response) => (await options.mcp)(request, response));
  app.use(scoresRoutes(options));
  app.use((request) => {
    throw new EncoreError('NOT_FOUND', `there is no ${request.method} ${request.path}`, {
      status: 404,
      definite: true,
    });
  });
  app.use(errorHandler(options.logger));
  return app;
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
