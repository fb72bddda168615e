/** Wires a scheduler to its guard and its port. */
import { chaosRunRequestSchema, runConfigSchema } from '@encore/contracts';
import {
  createRegistry,
  EncoreError,
  EventLog,
  type HttpService,
  hostNamesOf,
  type Logger,
  parse,
  startHttpService,
  systemClock,
} from '@encore/kit';
import { makePlan, planHash } from '@encore/plan';
import type { ChaosConfig } from './config.ts';
import { guardClient } from './guard-client.ts';
import { chaosMetrics } from './metrics.ts';
import { Scheduler } from './scheduler.ts';

export async function startChaos(
  config: ChaosConfig,
  logger: Logger,
): Promise<Pick<HttpService, 'url' | 'port'> & AsyncDisposable> {
  const registry = createRegistry('chaos');
  const events = new EventLog();
  const scheduler = new Scheduler({
    guard: guardClient(config.guardUrl),
    events,
    metrics: chaosMetrics(registry),
    clock: systemClock,
    logger,
  });
  const service = await startHttpService({
    host: config.host,
    port: config.port,
    allowedHosts: hostNamesOf('chaos'),
    logger,
    registry,
    ready: () => true,
    events,
    routes: (app) => {
      app.post('/plan', (request, response) => {
        response.json(makePlan(parse(runConfigSchema, request.body, 'config')));
      });
      app.post('/run', (request, response) => {
        const run = parse(chaosRunRequestSchema, request.body, 'run');
        if (planHash(run.plan) !== run.plan.hash)
          throw new EncoreError('INVALID_INPUT', 'plan.hash: the plan was changed after it was made', {
            status: 400,
            definite: true,
          });
        scheduler.begin(run);
        response.status(202).json({});
      });
      app.post('/stop', async (_request, response) => {
        await scheduler.stop();
        response.json({});
      });
      app.get('/status', (_request, response) => void response.json(scheduler.status()));
    },
  });
  logger.info({ port: service.port, guard: config.guardUrl }, 'chaos listens');
  return {
    url: service.url,
    port: service.port,
    [Symbol.asyncDispose]: async () => {
      await scheduler.stop();
      await service[Symbol.asyncDispose]();
    },
  };
}
