/** Health and metrics (port 8001). Live says only that the process turns; ready asks the database; detailed tells everything. */
import type { RequestListener } from 'node:http';
import type { ServerHealth } from '@encore/contracts';
import type { Registry } from 'prom-client';
import Router from 'router';
import { answerError, asEncoreError } from './error-answer.ts';
import { answerJson } from './json-answer.ts';

export interface HealthSource {
  ready: () => Promise<boolean>;
  health: () => Promise<ServerHealth>;
}

export function healthApp(source: HealthSource, registry: Registry): RequestListener {
  const router = Router();
  router.get('/health/live', (_request, response) => answerJson(response, 200, { live: true }));
  router.get(['/health', '/health/ready'], async (_request, response) => {
    const ready = await source.ready();
    answerJson(response, ready ? 200 : 503, { ready });
  });
  router.get('/health/detailed', async (_request, response) => answerJson(response, 200, await source.health()));
  router.get('/metrics', async (_request, response) => {
    response.setHeader('content-type', registry.contentType);
    response.end(await registry.metrics());
  });
  return (request, response) => {
    router(request, response, (error) => {
      if (error) answerError(response, asEncoreError(error));
      else answerJson(response, 404, { error: { code: 'NOT_FOUND' } });
    });
  };
}
