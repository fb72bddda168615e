/** Health and metrics (port 8001). Live says only that the process turns; ready asks the database; detailed tells everything. */
import express, { type Express } from 'express';
import type { Registry } from 'prom-client';

export interface Health {
  ready: () => Promise<boolean>;
  detailed: () => Promise<Record<string, unknown>>;
}

export function healthApp(health: Health, registry: Registry): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/health/live', (_request, response) => void response.json({ live: true }));
  app.get(['/health', '/health/ready'], async (_request, response) => {
    const ready = await health.ready();
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get('/health/detailed', async (_request, response) => void response.json(await health.detailed()));
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.use((_request, response) => void response.status(404).json({ error: { code: 'NOT_FOUND' } }));
  return app;
}
