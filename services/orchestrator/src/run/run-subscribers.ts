/** Subscribers of a run's events: terminal, live page and metrics. */
import type { EncoreEvent, Plan, RunConfig } from '@encore/contracts';
import { type Clock, firstReplica } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { LivePage } from '../live/live-page.ts';
import { RunMetrics } from '../metrics.ts';
import { type Output, Progress } from '../progress/progress.ts';
import { RunView } from '../progress/run-view.ts';
import { dashboardLink } from './dashboard-link.ts';

export interface SubscriberOptions {
  runId: string;
  config: RunConfig;
  plan: Plan;
  startedAt: number;
  clock: Clock;
  links: Wiring['links'];
  output: Output;
}

export class RunSubscribers {
  readonly view: RunView;
  readonly metrics: RunMetrics;
  readonly page: LivePage;
  readonly progress: Progress;

  constructor({ runId, config, plan, startedAt, clock, links, output }: SubscriberOptions) {
    this.view = new RunView(runId, config, plan, startedAt);
    this.metrics = new RunMetrics(this.view, clock, links);
    this.page = new LivePage(this.view, clock, dashboardLink(links, startedAt));
    this.progress = new Progress(output, firstReplica(plan.system));
  }

  onEvent(event: EncoreEvent): void {
    this.view.add(event);
    this.metrics.add(event);
    this.progress.onEvent(event);
  }
}
