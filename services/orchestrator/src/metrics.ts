/**
 * Prometheus metrics of the current run: the report's figures, live. They come from the judge's
 * collectors, a few seconds late, because events of several sources must be ordered first.
 */
import { type EncoreEvent, type FaultKind, faultKinds, phases } from '@encore/contracts';
import { type Clock, createRegistry, metricsIn } from '@encore/kit';
import type { Counter, Histogram, Registry } from 'prom-client';
import { type Intervention, isBeyondDoubt } from './judge/collect/interventions.ts';
import { backToNormalOf, type FaultRecord, recoveryOf } from './judge/faults/fault-record.ts';
import { limitOf } from './judge/rules/rules.ts';
import { liveHorizonMs, type RunView } from './progress/run-view.ts';

const supervisorActions = ['start', 'restart'] as const;
const supervisorResults = ['done', 'refused', 'failed'] as const;

interface Links {
  page: string;
  alerts: string;
}

export class RunMetrics {
  readonly registry: Registry = createRegistry('orchestrator');
  readonly #view: RunView;
  readonly #clock: Clock;
  readonly #recovered = new Set<string>();
  readonly #recoverySeconds: Histogram<'kind'>;
  readonly #slowRecoveries: Counter<'kind'>;
  readonly #supervisorActions: Counter<'action' | 'result'>;

  constructor(view: RunView, clock: Clock, links: Links = { page: '', alerts: '' }) {
    this.#view = view;
    this.#clock = clock;
    const { counter, gauge, histogram } = metricsIn(this.registry);
    this.#recoverySeconds = histogram(
      'encore_run_recovery_seconds',
      'Time from the start of the recovery clock to the first correct response to a user',
      [0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120],
      'kind',
    );
    this.#slowRecoveries = counter(
      'encore_run_slow_recoveries_total',
      'Recoveries that reached or exceeded the limit',
      'kind',
    );
    for (const kind of faultKinds) {
      this.#recoverySeconds.zero({ kind });
      this.#slowRecoveries.inc({ kind }, 0);
    }
    this.#supervisorActions = counter(
      'encore_run_supervisor_actions_total',
      'Starts and restarts by the supervisor',
      'action',
      'result',
    );
    for (const action of supervisorActions)
      for (const result of supervisorResults) this.#supervisorActions.inc({ action, result }, 0);
    gauge(
      'encore_run_links_info',
      'Browser addresses of the live page and the alerts, for links in dashboards',
      'page',
      'alerts',
    ).set({ page: links.page, alerts: links.alerts }, 1);
    this.#describeRun();
    this.#describeRules();
  }

  /** Add each event to the view first. */
  add(event: EncoreEvent): void {
    if (event.type === 'supervisor_acted') this.#supervisorActions.inc({ action: event.action, result: event.result });
    if (event.type === 'load_second') this.#addRecoveries();
  }

  get #collectors() {
    return this.#view.history.collectors;
  }

  get #records(): FaultRecord[] {
    return [...this.#collectors.tracker.records.values()];
  }

  #addRecoveries(): void {
    for (const { id, kind, seconds } of this.#recoveries()) {
      if (this.#recovered.has(id)) continue;
      this.#recovered.add(id);
      this.#recoverySeconds.observe({ kind }, seconds);
      if (seconds >= this.#view.config.recoveryTimeoutSeconds) this.#slowRecoveries.inc({ kind });
    }
  }

  /** In plan order. */
  #recoveries(): { id: string; kind: FaultKind; seconds: number }[] {
    return this.#records.flatMap((record) => {
      const recovery = recoveryOf(record, 0, this.#view.config.recoveryTimeoutSeconds);
      const { id, kind } = record.fault;
      return recovery.state === 'recovered' ? { id, kind, seconds: recovery.seconds } : [];
    });
  }

  /** The longest current wait for a recovery, as of the time up to which events are in order. */
  #pendingSeconds(): number {
    const now = this.#clock.now() - liveHorizonMs;
    const startedAts = this.#records.flatMap(({ effect, clockStartsAt, firstSuccessAt }) =>
      effect === 'confirmed' && clockStartsAt !== null && firstSuccessAt === null ? clockStartsAt : [],
    );
    return Math.max(0, ...startedAts.map((at) => now - at)) / 1_000;
  }

  /** In plan order; Infinity if the system did not return to normal within the judge's limit. */
  #returnTimes(): { kind: FaultKind; seconds: number }[] {
    return this.#records.flatMap((record) => {
      const back = backToNormalOf(record);
      if (back === null || back.state === 'censored') return [];
      return { kind: record.fault.kind, seconds: back.state === 'never' ? Number.POSITIVE_INFINITY : back.seconds };
    });
  }

  /** Excludes recent events: the engine reports an action before its requester does. */
  #violations(): Record<string, number> {
    const { interventions, traffic } = this.#collectors;
    const run = { ended: null, lastAt: this.#clock.now(), engineLosses: this.#collectors.run.engineLosses };
    const certain = (list: readonly Intervention[]): number =>
      list.filter((item) => isBeyondDoubt(item, { run, problems: [] })).length;
    const limit = limitOf('back_to_normal_seconds', this.#view.config);
    return {
      back_to_normal_seconds: this.#returnTimes().filter(({ seconds }) => seconds >= limit).length,
      wrong_answers: traffic.wrongAnswers,
      manual_interventions: certain(interventions.manual),
      unexpected_exits: certain(interventions.unexpectedExits),
      forced_stops: certain(interventions.forcedStops),
    };
  }

  #describeRun(): void {
    const { read, readBy } = metricsIn(this.registry);
    const view = this.#view;
    const snapshot = () => view.snapshot(this.#clock.now());
    // NaN without operations: 0 would be wrong.
    read(
      'encore_run_success_ratio',
      'Share of completed operations that succeeded',
      () => snapshot().successRate ?? Number.NaN,
    );
    read('encore_run_faults_injected', 'Faults injected so far', () => snapshot().faults.injected);
    read('encore_run_faults_planned', 'Faults in the plan', () => snapshot().faults.planned);
    read(
      'encore_run_faults_confirmed',
      'Faults whose effect was confirmed by an independent observation',
      () => snapshot().faults.effect,
    );
    read('encore_run_ready', '1 while the container whose recovery is judged reports ready', () =>
      snapshot().server?.ready ? 1 : 0,
    );
    readBy('phase', 'encore_run_phase', '1 for the current phase of the run', () =>
      [...phases, 'over'].map((phase) => [phase, view.phase === phase ? 1 : 0]),
    );
  }

  #describeRules(): void {
    const { read, readBy } = metricsIn(this.registry);
    const { config } = this.#view;
    const none = faultKinds.map((kind) => [kind, Number.NaN] as const);
    const byKind = (figures: readonly { kind: FaultKind; seconds: number }[]) => [
      ...none,
      ...figures.map(({ kind, seconds }) => [kind, seconds] as const),
    ];
    read('encore_run_success_limit_ratio', 'Minimum success ratio that the verdict allows', () =>
      limitOf('success_rate', config),
    );
    read(
      'encore_run_recovery_limit_seconds',
      'Maximum recovery time that the run allows',
      () => config.recoveryTimeoutSeconds,
    );
    read('encore_run_recovery_pending_seconds', 'Duration of the current recovery so far; 0 if there is none', () =>
      this.#pendingSeconds(),
    );
    readBy(
      'kind',
      'encore_run_last_recovery_seconds',
      'Recovery time of the last fault of each kind; NaN before the first',
      () => byKind(this.#recoveries()),
    );
    read('encore_run_back_to_normal_limit_seconds', 'Maximum time back to normal that the verdict allows', () =>
      limitOf('back_to_normal_seconds', config),
    );
    readBy(
      'kind',
      'encore_run_last_back_to_normal_seconds',
      'Time from recovery to normal success and response times, of the last measured fault of each kind',
      () => byKind(this.#returnTimes()),
    );
    readBy(
      'rule',
      'encore_run_violations',
      'Violations so far of verdict rules that allow none; external actions appear a minute late',
      () => Object.entries(this.#violations()),
    );
    readBy('finding', 'encore_run_wrong_writes', 'Writes that a read-back found wrong, by finding', () =>
      Object.entries(this.#collectors.run.maxFound),
    );
  }
}
