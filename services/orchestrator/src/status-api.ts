/**
 * The run as seen from outside (port 8080).
 *
 *   GET  /api/status -> the state of the run
 *   POST /stop       -> 202; the run ends early, with an honest report
 *   GET  /live /ready /metrics
 */
import { type Clock, createRegistry, type HttpService, type Logger, startHttpService } from '@encore/kit';
import { Gauge, type Registry } from 'prom-client';
import type { Wiring } from './config.ts';
import type { RunView } from './progress/run-view.ts';

export interface StatusApiOptions {
  wiring: Pick<Wiring, 'host' | 'port'>;
  logger: Logger;
  clock: Clock;
  view: RunView;
  stop: (reason: string) => void;
}

export function startStatusApi({ wiring, logger, clock, view, stop }: StatusApiOptions): Promise<HttpService> {
  const registry = createRegistry('orchestrator');
  describeMetrics(registry, view, clock);
  return startHttpService({
    ...wiring,
    logger,
    registry,
    ready: () => true,
    routes: (app) => {
      app.get('/api/status', (_request, response) => void response.json(view.snapshot(clock.now())));
      app.post('/stop', (_request, response) => {
        stop('asked to stop by POST /stop');
        response.status(202).json({ stopping: true });
      });
    },
  });
}

function describeMetrics(registry: Registry, view: RunView, clock: Clock): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({ name, help, registers: [registry], collect: () => metric.set(read()) });
  };
  const snapshot = () => view.snapshot(clock.now());
  gauge(
    'encore_run_success_ratio',
    'Operations answered rightly, over all that ended',
    () => snapshot().successRate ?? 0,
  );
  gauge('encore_run_faults_injected', 'Faults injected so far', () => snapshot().faults.injected);
  gauge('encore_run_faults_planned', 'Faults in the plan', () => snapshot().faults.planned);
  gauge('encore_run_server_ready', '1 while the server says that it is ready', () =>
    snapshot().server?.ready ? 1 : 0,
  );
  gauge('encore_run_steady', '1 during the steady phase', () => (view.phase === 'steady' ? 1 : 0));
}
