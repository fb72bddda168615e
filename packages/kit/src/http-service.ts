/**
 * The HTTP server of a lab service: JSON routes, /live, /ready, /metrics, one error format and a
 * bounded shutdown.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ErrorRequestHandler, Express } from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { tokenGuard } from './api-token.ts';
import { systemClock } from './clock.ts';
import { asEncoreError, describeError, EncoreError, messageOf } from './encore-error.ts';
import type { EventLog } from './event-log.ts';
import { hostGuard } from './host-guard.ts';
import { createServer } from './node-http.ts';

export interface HttpServiceOptions {
  host: string;
  port: number;
  logger: Logger;
  registry: Registry;
  /** Returns false or throws while the service is not ready. */
  ready: () => boolean | Promise<boolean>;
  events?: EventLog;
  /** Host names, without ports, that requests may use; unset allows any. */
  allowedHosts?: readonly string[];
  /** Bearer token required by all routes except /live, /ready and /metrics; unset requires none. */
  token?: string;
  routes: (app: Express) => void;
}

export interface HttpService extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  // Imported lazily, because a program that does not use this server should not load express.
  const { default: express } = await import('express');
  const app = express();
  app.disable('x-powered-by');
  if (options.allowedHosts) app.use(hostGuard(options.allowedHosts));
  app.get('/live', (_request, response) => void response.json({ live: true, now: systemClock.now() }));
  app.get('/ready', async (_request, response) => {
    const ready = await options.ready();
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get(
    '/metrics',
    async (_request, response) =>
      void response.type(options.registry.contentType).send(await options.registry.metrics()),
  );
  // Events need the token too, because reading them deletes older ones.
  if (options.token !== undefined) app.use(tokenGuard(options.token));
  app.use(express.json({ limit: '16mb' }));
  const { events } = options;
  if (events) {
    app.get('/events', (request, response) => {
      const { instance, after } = request.query;
      response.json(events.page(typeof instance === 'string' ? instance : undefined, Number(after ?? 0) || 0));
    });
  }
  options.routes(app);
  app.use((request, _response, next) =>
    next(new EncoreError('NOT_FOUND', `no such route: ${request.method} ${request.path}`)),
  );
  app.use(errorHandler(options.logger));
  const server = createServer(app);
  await once(server.listen(options.port, options.host), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`,
    [Symbol.asyncDispose]: () => closeServer(server, 2_000),
  };
}

/** Stops accepting connections, gives open requests `graceMs`, then closes all connections. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

function errorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const known = asEncoreError(error);
    const { code, status, definite } = known;
    if (status >= 500)
      logger.warn({ method: request.method, path: request.path, err: describeError(error) }, 'request failed');
    response.status(status).json({ error: { code, message: messageOf(known), definite } });
  };
}
