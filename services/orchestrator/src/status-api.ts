/**
 * HTTP API of the orchestrator (port 8080).
 *
 *   GET  /           -> the live page, fed by server-sent events from /live-updates
 *   GET  /api/status -> the state of the run
 *   POST /stop       -> 202; ends the run early and reports what was measured until then
 *   GET  /live /ready /metrics
 *
 * Cross-site browser requests are rejected: another site's page could otherwise end the run.
 */
import { type Clock, type HttpService, hostNamesOf, type Logger, startHttpService } from '@encore/kit';
import type { Registry } from 'prom-client';
import type { Wiring } from './config.ts';
import type { LivePage } from './live/live-page.ts';
import type { RunView } from './progress/run-view.ts';

export interface StatusApiOptions {
  wiring: Pick<Wiring, 'name' | 'host' | 'port'>;
  logger: Logger;
  clock: Clock;
  view: RunView;
  registry: Registry;
  page: LivePage;
  stop: (reason: string) => void;
}

export function startStatusApi({
  wiring,
  logger,
  clock,
  view,
  registry,
  page,
  stop,
}: StatusApiOptions): Promise<HttpService> {
  return startHttpService({
    ...wiring,
    allowedHosts: hostNamesOf(wiring.name),
    logger,
    registry,
    ready: () => true,
    routes: (app) => {
      page.routes(app);
      app.get('/api/status', (_request, response) => void response.json(view.snapshot(clock.now())));
      app.post('/stop', (_request, response) => {
        stop('stopped by POST /stop');
        response.status(202).json({ stopping: true });
      });
    },
  });
}
