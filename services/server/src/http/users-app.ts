/** What users see (port 8000): scores and MCP, each request counted, timed, given a deadline, answered in one error format. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describeError, EncoreError, hostGuard, type Logger } from '@encore/kit';
import Router from 'router';
import type { McpRoute } from '../mcp/mcp-route.ts';
import { answerError, asEncoreError } from './error-answer.ts';
import { observe } from './gate.ts';
import { openScope } from './request-scope.ts';
import { type ScoresRoutesOptions, scoresRoutes } from './scores-routes.ts';

export interface UsersAppOptions extends ScoresRoutesOptions {
  allowedHosts: readonly string[];
  requestTimeoutMs: number;
  logger: Logger;
  /** Loaded after the port is open, so that the server is reachable sooner. */
  mcp: Promise<McpRoute>;
}

export function usersApp(options: UsersAppOptions): RequestListener {
  const router = Router();
  router.use((request, response, next) => {
    observe(options.metrics, request, response);
    openScope(request, response, options.requestTimeoutMs);
    next();
  });
  router.use(hostGuard(options.allowedHosts));
  router.all('/mcp', async (request, response) => (await options.mcp)(request, response));
  router.use(scoresRoutes(options));
  return (request, response) => {
    router(request, response, (error) => fail(request, response, error, options.logger));
  };
}

/** Without an error nobody knew the address. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown, logger: Logger): void {
  const { method, url = '' } = request;
  const path = url.split('?', 1)[0];
  const known = error
    ? asEncoreError(error)
    : new EncoreError('NOT_FOUND', `there is no ${method} ${path}`, { status: 404, definite: true });
  if (known.status >= 500 && known.status !== 503) {
    logger.warn({ method, path, err: describeError(error) }, 'request failed');
  }
  answerError(response, known);
}
