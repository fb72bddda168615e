/** Wires a guard to its engine, its proxy, its journal and its port. */
import {
  createRegistry,
  describeError,
  type HttpService,
  hostNamesOf,
  type Logger,
  startHttpService,
  systemClock,
} from '@encore/kit';
import type { GuardConfig } from './config.ts';
import { DockerEngine } from './docker-engine.ts';
import { placeOf } from './faults/toxic-fault.ts';
import { Guard } from './guard.ts';
import { Journal } from './journal.ts';
import { exchange } from './link-probe.ts';
import { Links } from './links.ts';
import { guardMetrics } from './metrics.ts';
import { guardRoutes } from './routes.ts';
import { serverUser } from './server-user.ts';
import { startSurge } from './surge.ts';
import { ToxiproxyApi } from './toxiproxy-api.ts';

export async function startGuard(
  config: GuardConfig,
  logger: Logger,
): Promise<Pick<HttpService, 'url' | 'port'> & AsyncDisposable> {
  const registry = createRegistry('guard');
  const links = new Links(new ToxiproxyApi(config.toxiproxyUrl), config.links, systemClock);
  const proxyHost = new URL(config.toxiproxyUrl).hostname;
  const { host, port } = placeOf({ links, proxyHost }, 'client-link');
  const guard = new Guard({
    engine: new DockerEngine(config.engineSocket),
    project: config.project,
    links,
    proxyHost,
    user: serverUser(`http://${host}:${port}`, config.serverHealthUrl),
    exchange,
    startSurge,
    journal: await Journal.open(config.journalDir),
    metrics: guardMetrics(registry),
    clock: systemClock,
    deadline: (ms) => AbortSignal.timeout(ms),
    logger,
  });
  const stop = new AbortController();
  const running = guard.run(stop.signal).catch((error: unknown) => {
    logger.fatal({ err: describeError(error) }, 'the guard’s loop ended');
    process.exit(1);
  });
  const service = await startHttpService({
    host: config.host,
    port: config.port,
    allowedHosts: hostNamesOf('guard'),
    logger,
    registry,
    ready: () => guard.ready,
    events: guard.recorder.log,
    routes: guardRoutes(guard),
  });
  logger.info({ port: service.port, project: config.project }, 'guard listens');
  return {
    url: service.url,
    port: service.port,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      stop.abort(new Error('the guard stops'));
      await running;
      await guard.close();
    },
  };
}
