/**
 * Health and metrics (port 8001). `live` shows that the event loop runs, `ready` that the database
 * responds, and `detailed` returns the whole state.
 */
import type { ServerHealth } from '@encore/contracts';
import { asEncoreError, EncoreError } from '@encore/kit';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Registry } from 'prom-client';
import { sendError } from './error-response.ts';

export interface HealthSource {
  ready: () => Promise<boolean>;
  health: () => Promise<ServerHealth>;
}

export function healthApp(source: HealthSource, registry: Registry): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/health/live', (_request, response) => {
    response.json({ live: true });
  });
  app.get(['/health', '/health/ready'], async (_request, response) => {
    const ready = await source.ready();
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get('/health/detailed', async (_request, response) => {
    response.json(await source.health());
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.use(({ method, path }) => {
    throw new EncoreError('NOT_FOUND', `no such route: ${method} ${path}`);
  });
  app.use(failed);
  return app;
}

const failed: ErrorRequestHandler = (error, _request, response, _next) => sendError(response, asEncoreError(error));
