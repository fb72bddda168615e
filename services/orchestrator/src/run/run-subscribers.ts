/** Subscribers of a run's events: terminal, live page and metrics. */
import type { EncoreEvent } from '@encore/contracts';
import { type Clock, firstReplica } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { LivePage } from '../live/live-page.ts';
import { RunMetrics } from '../metrics.ts';
import { type Output, Progress } from '../progress/progress.ts';
import { RunView } from '../progress/run-view.ts';
import type { Run } from './run-context.ts';

export interface SubscriberOptions {
  clock: Clock;
  links: Wiring['links'];
  output: Output;
}

export class RunSubscribers {
  readonly dashboardUrl: string | null;
  readonly view: RunView;
  readonly metrics: RunMetrics;
  readonly page: LivePage;
  readonly progress: Progress;

  constructor(run: Pick<Run, 'id' | 'config' | 'plan' | 'startedAt'>, { clock, links, output }: SubscriberOptions) {
    const { id, config, plan, startedAt } = run;
    this.dashboardUrl = dashboardLink(links.grafana, startedAt);
    this.view = new RunView(id, config, plan, startedAt);
    this.metrics = new RunMetrics(this.view, clock, links);
    this.page = new LivePage(this.view, clock, this.dashboardUrl);
    this.progress = new Progress(output, firstReplica(plan.system));
  }

  onEvent(event: EncoreEvent): void {
    this.view.add(event);
    this.metrics.add(event);
    this.progress.onEvent(event);
  }
}

/** The dashboard with the run's time range, which may be short; null if there is no Grafana. */
export function dashboardLink(grafana: string | undefined, startedAtMs: number): string | null {
  return grafana === undefined ? null : `${grafana}/d/encore-run?from=${Math.floor(startedAtMs)}&to=now`;
}
