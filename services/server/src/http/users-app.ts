/**
 * The users' port (8000): scores and MCP. Counts and times each request and gives it a deadline.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asEncoreError, describeError, EncoreError, hostGuard, type Logger } from '@encore/kit';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { observe } from './admission-middleware.ts';
import { sendError } from './error-response.ts';
import { type RequestLocals, requestSignal } from './request-signal.ts';
import { type ScoresRoutesOptions, scoresRoutes } from './scores-routes.ts';

/** `signal` aborts at the deadline of the request and when its client disconnects. */
export type McpRoute = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

export interface UsersAppOptions extends ScoresRoutesOptions {
  allowedHosts: readonly string[];
  requestTimeoutMs: number;
  logger: Logger;
  /** Loads the route at the first call, so that the port opens sooner. */
  mcp: () => Promise<McpRoute>;
}

export function usersApp(options: UsersAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  // Express would replace the ETag of a score, which is its version.
  app.disable('etag');
  app.use((request, response: Response<unknown, RequestLocals>, next) => {
    observe(options.metrics, request, response);
    response.locals.signal = requestSignal(response, options.requestTimeoutMs);
    next();
  });
  app.use(hostGuard(options.allowedHosts));
  app.all('/mcp', async (request: Request, response: Response<unknown, RequestLocals>) => {
    const route = await options.mcp();
    await route(request, response, response.locals.signal);
  });
  app.use(scoresRoutes(options));
  app.use(unknownRoute);
  app.use(failed(options.logger));
  return app;
}

const unknownRoute: RequestHandler = ({ method, path }) => {
  throw new EncoreError('NOT_FOUND', `no such route: ${method} ${path}`);
};

/** Express recognizes an error handler by its four parameters. */
function failed(logger: Logger): ErrorRequestHandler {
  return (error, { method, path }, response, _next) => {
    const known = asEncoreError(error);
    if (known.status >= 500 && known.status !== 503) {
      logger.warn({ method, path, err: describeError(error) }, 'request failed');
    }
    sendError(response, known);
  };
}
