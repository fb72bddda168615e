/**
 * Prometheus metrics of the current run: the report's figures, live. They come from the judge's
 * collectors, a few seconds late, because events of several sources must be ordered first.
 */
import { type EncoreEvent, type FaultKind, faultKinds, phases } from '@encore/contracts';
import { type Clock, createRegistry } from '@encore/kit';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Intervention, isBeyondDoubt } from './judge/collect/interventions.ts';
import { readBackFindings } from './judge/collect/run-facts.ts';
import { backToNormalOf, recoveryOf } from './judge/faults/fault-record.ts';
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
  readonly #lastRecoverySeconds: Gauge<'kind'>;
  readonly #slowRecoveries: Counter<'kind'>;
  readonly #supervisorActions: Counter<'action' | 'result'>;

  constructor(view: RunView, clock: Clock, links: Links = { page: '', alerts: '' }) {
    this.#view = view;
    this.#clock = clock;
    const registers = [this.registry];
    this.#recoverySeconds = new Histogram({
      name: 'encore_run_recovery_seconds',
      help: 'Time from the start of the recovery clock to the first correct response to a user',
      labelNames: ['kind'],
      buckets: [0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120],
      registers,
    });
    this.#lastRecoverySeconds = new Gauge({
      name: 'encore_run_last_recovery_seconds',
      help: 'Recovery time of the last fault of each kind; NaN before the first',
      labelNames: ['kind'],
      registers,
    });
    this.#slowRecoveries = new Counter({
      name: 'encore_run_slow_recoveries_total',
      help: 'Recoveries that reached or exceeded the limit',
      labelNames: ['kind'],
      registers,
    });
    this.#supervisorActions = new Counter({
      name: 'encore_run_supervisor_actions_total',
      help: 'Starts and restarts by the supervisor',
      labelNames: ['action', 'result'],
      registers,
    });
    new Gauge({
      name: 'encore_run_links_info',
      help: 'Browser addresses of the live page and the alerts, for links in dashboards',
      labelNames: ['page', 'alerts'],
      registers,
    }).set({ page: links.page, alerts: links.alerts }, 1);
    this.#initialize();
    this.#describeRun();
  }

  /** Add each event to the view first. */
  add(event: EncoreEvent): void {
    if (event.type === 'supervisor_acted') this.#supervisorActions.inc({ action: event.action, result: event.result });
    if (event.type === 'load_second') this.#addRecoveries(event.at);
  }

  get #collectors() {
    return this.#view.history.collectors;
  }

  #addRecoveries(now: number): void {
    const limitSeconds = this.#view.config.recoveryTimeoutSeconds;
    for (const [id, record] of this.#collectors.tracker.records) {
      if (record.firstSuccessAt === null || this.#recovered.has(id)) continue;
      const recovery = recoveryOf(record, now, limitSeconds);
      if (recovery.state !== 'recovered') continue;
      this.#recovered.add(id);
      const kind: FaultKind = record.fault.kind;
      this.#recoverySeconds.observe({ kind }, recovery.seconds);
      this.#lastRecoverySeconds.set({ kind }, recovery.seconds);
      if (recovery.seconds >= limitSeconds) this.#slowRecoveries.inc({ kind });
    }
  }

  /** The longest current wait for a recovery, as of the time up to which events are in order. */
  #pendingSeconds(): number {
    const now = this.#clock.now() - liveHorizonMs;
    let longestMs = 0;
    for (const { effect, clockStartsAt, firstSuccessAt } of this.#collectors.tracker.records.values())
      if (effect === 'confirmed' && clockStartsAt !== null && firstSuccessAt === null)
        longestMs = Math.max(longestMs, now - clockStartsAt);
    return longestMs / 1_000;
  }

  /** In plan order; Infinity if the system did not return to normal within the judge's limit. */
  #returnTimes(): { kind: FaultKind; seconds: number }[] {
    return [...this.#collectors.tracker.records.values()].flatMap((record) => {
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

  #initialize(): void {
    for (const kind of faultKinds) {
      this.#recoverySeconds.zero({ kind });
      this.#lastRecoverySeconds.set({ kind }, Number.NaN);
      this.#slowRecoveries.inc({ kind }, 0);
    }
    for (const action of supervisorActions)
      for (const result of supervisorResults) this.#supervisorActions.inc({ action, result }, 0);
  }

  #describeRun(): void {
    const view = this.#view;
    const snapshot = () => view.snapshot(this.#clock.now());
    const gauge = (name: string, help: string, read: () => number): void => {
      const registers = [this.registry];
      const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) });
    };
    // NaN without operations: 0 would be wrong.
    gauge(
      'encore_run_success_ratio',
      'Share of completed operations that succeeded',
      () => snapshot().successRate ?? Number.NaN,
    );
    gauge('encore_run_success_limit_ratio', 'Minimum success ratio that the verdict allows', () =>
      limitOf('success_rate', view.config),
    );
    gauge('encore_run_faults_injected', 'Faults injected so far', () => snapshot().faults.injected);
    gauge('encore_run_faults_planned', 'Faults in the plan', () => snapshot().faults.planned);
    gauge(
      'encore_run_faults_confirmed',
      'Faults whose effect was confirmed by an independent observation',
      () => snapshot().faults.effect,
    );
    gauge('encore_run_ready', '1 while the container whose recovery is judged reports ready', () =>
      snapshot().server?.ready ? 1 : 0,
    );
    gauge(
      'encore_run_recovery_limit_seconds',
      'Maximum recovery time that the run allows',
      () => view.config.recoveryTimeoutSeconds,
    );
    gauge('encore_run_back_to_normal_limit_seconds', 'Maximum time back to normal that the verdict allows', () =>
      limitOf('back_to_normal_seconds', view.config),
    );
    const lastReturn: Gauge<'kind'> = new Gauge({
      name: 'encore_run_last_back_to_normal_seconds',
      help: 'Time from recovery to normal success and response times, of the last measured fault of each kind',
      labelNames: ['kind'],
      registers: [this.registry],
      collect: () => {
        for (const kind of faultKinds) lastReturn.set({ kind }, Number.NaN);
        for (const { kind, seconds } of this.#returnTimes()) lastReturn.set({ kind }, seconds);
      },
    });
    gauge('encore_run_recovery_pending_seconds', 'Duration of the current recovery so far; 0 if there is none', () =>
      this.#pendingSeconds(),
    );
    const violations: Gauge<'rule'> = new Gauge({
      name: 'encore_run_violations',
      help: 'Violations so far of verdict rules that allow none; external actions appear a minute late',
      labelNames: ['rule'],
      registers: [this.registry],
      collect: () => {
        for (const [rule, count] of Object.entries(this.#violations())) violations.set({ rule }, count);
      },
    });
    const wrongWrites: Gauge<'finding'> = new Gauge({
      name: 'encore_run_wrong_writes',
      help: 'Writes that a read-back found wrong, by finding',
      labelNames: ['finding'],
      registers: [this.registry],
      collect: () => {
        for (const finding of readBackFindings) wrongWrites.set({ finding }, this.#collectors.run.maxFound[finding]);
      },
    });
    const phase: Gauge<'phase'> = new Gauge({
      name: 'encore_run_phase',
      help: '1 for the current phase of the run',
      labelNames: ['phase'],
      registers: [this.registry],
      collect: () => {
        for (const name of [...phases, 'over'] as const) phase.set({ phase: name }, view.phase === name ? 1 : 0);
      },
    });
  }
}
