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
import { type HttpService, hostNamesOf, startHttpService } from '@encore/kit';
import type { Wiring } from './config.ts';
import type { RunContext } from './run/run-context.ts';
import type { RunSubscribers } from './run/run-subscribers.ts';

interface StatusApiContext extends Pick<RunContext, 'logger' | 'clock'> {
  wiring: Pick<Wiring, 'name' | 'host' | 'port'>;
}

/** `stop` ends the run early, for the given reason. */
export function startStatusApi(
  { wiring, logger, clock }: StatusApiContext,
  { view, metrics, page }: Pick<RunSubscribers, 'view' | 'metrics' | 'page'>,
  stop: (reason: string) => void,
): Promise<HttpService> {
  return startHttpService({
    ...wiring,
    allowedHosts: hostNamesOf(wiring.name),
    logger,
    registry: metrics.registry,
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
