/** Composes the scheduler and the injector with the engine, Toxiproxy, the journal and one port. */
import {
  createApiToken,
  createRegistry,
  describeError,
  type HttpService,
  hostNamesOf,
  type Logger,
  readApiToken,
  startHttpService,
  systemClock,
  waitUntil,
} from '@encore/kit';
import type { ChaosConfig } from './config.ts';
import { readConnections } from './injector/connections.ts';
import { DockerEngine } from './injector/docker-engine.ts';
import { Injector } from './injector/injector.ts';
import { Journal } from './injector/journal.ts';
import { LabProxies } from './injector/lab-proxies.ts';
import { loadClient } from './injector/load-client.ts';
import { injectorMetrics } from './injector/metrics.ts';
import { exchangeOf } from './injector/proxy-probe.ts';
import { ToxiproxyApi } from './injector/toxiproxy-api.ts';
import { chaosRoutes } from './routes.ts';
import { schedulerMetrics } from './scheduler/metrics.ts';
import { Scheduler } from './scheduler/scheduler.ts';

/** The orchestrator polls every 500 ms and acknowledges what it received with the next poll. */
const lastFetch = { timeoutMs: 1_500, everyMs: 50 };

export async function startChaos(
  config: ChaosConfig,
  logger: Logger,
): Promise<Pick<HttpService, 'url' | 'port'> & AsyncDisposable> {
  const registry = createRegistry('chaos');
  const { toxiproxyTokenFile, system } = config;
  const token = toxiproxyTokenFile === undefined ? undefined : readApiToken(toxiproxyTokenFile);
  const injector = new Injector({
    engine: new DockerEngine(config.engineSocket),
    project: config.project,
    system,
    proxies: new LabProxies(system, (url) => new ToxiproxyApi(url, { token }), exchangeOf(system.proxies), systemClock),
    load: loadClient(config.loadgenUrl, config.serverHealthUrl),
    readConnections,
    journal: await Journal.open(config.journalDir),
    metrics: injectorMetrics(registry, system),
    clock: systemClock,
    deadline: (ms) => AbortSignal.timeout(ms),
    logger,
    giveUp: () => process.exit(1),
  });
  const { recorder } = injector;
  const scheduler = new Scheduler({
    injector,
    recorder,
    metrics: schedulerMetrics(registry),
    clock: systemClock,
    logger,
  });
  const stop = new AbortController();
  const running = injector.run(stop.signal).catch((error: unknown) => {
    logger.fatal({ err: describeError(error) }, 'the injector’s loop ended');
    process.exit(1);
  });
  const service = await startHttpService({
    host: config.host,
    port: config.port,
    allowedHosts: hostNamesOf(config.name),
    token: await createApiToken(config.tokenFile),
    logger,
    registry,
    ready: () => injector.ready,
    events: recorder.log,
    routes: chaosRoutes(injector, scheduler),
  });
  logger.info({ port: service.port, project: config.project }, 'the chaos service is listening');
  return {
    url: service.url,
    port: service.port,
    [Symbol.asyncDispose]: async () => {
      const isInRun = injector.isInRun;
      if (isInRun) await injector.engineHealth.stopped();
      await scheduler.stop();
      if (isInRun)
        await waitUntil('the last events to be fetched', () => recorder.log.isRead, lastFetch).catch(() => {});
      await service[Symbol.asyncDispose]();
      stop.abort(new Error('the chaos service is stopping'));
      await running;
      await injector.close();
    },
  };
}
