/**
 * The run for those who watch: what stands in the report later, while it happens. The recoveries come from the judge's own
 * tracker, a few seconds late, because events of several sources must first be put into order.
 */
import { type EncoreEvent, type EventOf, type FaultKind, faultKinds, phases } from '@encore/contracts';
import { type Clock, createRegistry } from '@encore/kit';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import {
  backToNormalOf,
  FaultTracker,
  Interventions,
  isBeyondDoubt,
  limitOf,
  RunFacts,
  readBackFindings,
  recoveryOf,
  TimeOrder,
} from './judge/index.ts';
import type { RunView } from './progress/run-view.ts';

const orderMs = 5_000;
const supervisorActs = ['start', 'restart'] as const;
const supervisorResults = ['done', 'refused', 'failed'] as const;

interface Links {
  page: string;
  alerts: string;
}

export class RunMetrics {
  readonly registry: Registry = createRegistry('orchestrator');
  readonly #view: RunView;
  readonly #clock: Clock;
  readonly #order = new TimeOrder(orderMs);
  readonly #tracker: FaultTracker;
  readonly #interventions = new Interventions();
  readonly #run = new RunFacts();
  readonly #wrongWrites: Gauge<'finding'>;
  readonly #found = new Map<string, number>();
  readonly #recovered = new Set<string>();
  readonly #recoverySeconds: Histogram<'kind'>;
  readonly #lastRecoverySeconds: Gauge<'kind'>;
  readonly #slowRecoveries: Counter<'kind'>;
  readonly #supervisorActs: Counter<'act' | 'result'>;

  constructor(view: RunView, clock: Clock, links: Links = { page: '', alerts: '' }) {
    this.#view = view;
    this.#clock = clock;
    this.#tracker = new FaultTracker(view.plan);
    const registers = [this.registry];
    this.#recoverySeconds = new Histogram({
      name: 'encore_run_recovery_seconds',
      help: 'From the start of the recovery clock to the first right answer of a user',
      labelNames: ['kind'],
      buckets: [0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120],
      registers,
    });
    this.#lastRecoverySeconds = new Gauge({
      name: 'encore_run_last_recovery_seconds',
      help: 'The same for the last fault of each kind; not a number before the first',
      labelNames: ['kind'],
      registers,
    });
    this.#slowRecoveries = new Counter({
      name: 'encore_run_slow_recoveries_total',
      help: 'Recoveries that took longer than the limit',
      labelNames: ['kind'],
      registers,
    });
    this.#wrongWrites = new Gauge({
      name: 'encore_run_wrong_writes',
      help: 'Writes that a read-back of this run found wrong, by finding',
      labelNames: ['finding'],
      registers,
    });
    this.#supervisorActs = new Counter({
      name: 'encore_run_supervisor_acts_total',
      help: 'What the supervisor did to heal a target',
      labelNames: ['act', 'result'],
      registers,
    });
    new Gauge({
      name: 'encore_run_links_info',
      help: 'Where a browser finds the live page and the alerts: ports differ from lab to lab, dashboards do not',
      labelNames: ['page', 'alerts'],
      registers,
    }).set({ page: links.page, alerts: links.alerts }, 1);
    this.#zero();
    this.#describeRun();
  }

  add(event: EncoreEvent): void {
    if (event.type === 'supervisor_acted') this.#supervisorActs.inc({ act: event.act, result: event.result });
    if (event.type === 'read_back_done') this.#readBack(event);
    this.#order.add(event);
    for (const observation of this.#order.ready()) {
      this.#run.add(observation);
      this.#tracker.add(observation);
      this.#interventions.add(observation, this.#tracker);
    }
    if (event.type === 'load_second') this.#settle(event.at);
  }

  /** Each read-back counts everything that it finds, so the largest count is the one that holds. */
  #readBack(event: EventOf<'read_back_done'>): void {
    for (const finding of readBackFindings) {
      const found = Math.max(event[finding], this.#found.get(finding) ?? 0);
      this.#found.set(finding, found);
      this.#wrongWrites.set({ finding }, found);
    }
  }

  #settle(now: number): void {
    const limitSeconds = this.#view.config.recoveryTimeoutSeconds;
    for (const [id, record] of this.#tracker.records) {
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

  /** How long the users had been waiting, for the fault that they wait for longest, at the moment up to which all is in order. */
  #pendingSeconds(): number {
    const now = this.#clock.now() - orderMs;
    let longestMs = 0;
    for (const { bit, clockStartsAt, firstSuccessAt } of this.#tracker.records.values())
      if (bit === 'yes' && clockStartsAt !== null && firstSuccessAt === null)
        longestMs = Math.max(longestMs, now - clockStartsAt);
    return longestMs / 1_000;
  }

  /** In the order of the plan; Infinity where the system did not get back to normal within the judge's bound. */
  #returns(): { kind: FaultKind; seconds: number }[] {
    return [...this.#tracker.records.values()].flatMap((record) => {
      const back = backToNormalOf(record);
      if (back === null || back.state === 'censored') return [];
      return { kind: record.fault.kind, seconds: back.state === 'never' ? Number.POSITIVE_INFINITY : back.seconds };
    });
  }

  /** The engine reports an act before the component that requested it does, so what is recent is not counted yet. */
  #violations(): Record<string, number> {
    const run = { ended: null, lastAt: this.#clock.now(), engineLosses: this.#run.engineLosses };
    const settled = (list: Interventions['manual']): number =>
      list.filter((item) => isBeyondDoubt(item, { run, historyProblems: [] })).length;
    const { manual, unexpectedExits, forcedStops } = this.#interventions;
    const limit = limitOf('back_to_normal_seconds', this.#view.config);
    return {
      back_to_normal_seconds: this.#returns().filter(({ seconds }) => seconds >= limit).length,
      wrong_answers: this.#view.wrongAnswers,
      manual_interventions: settled(manual),
      unexpected_exits: settled(unexpectedExits),
      forced_stops: settled(forcedStops),
    };
  }

  #zero(): void {
    for (const kind of faultKinds) {
      this.#recoverySeconds.zero({ kind });
      this.#lastRecoverySeconds.set({ kind }, Number.NaN);
      this.#slowRecoveries.inc({ kind }, 0);
    }
    for (const finding of readBackFindings) this.#wrongWrites.set({ finding }, 0);
    for (const act of supervisorActs)
      for (const result of supervisorResults) this.#supervisorActs.inc({ act, result }, 0);
  }

  #describeRun(): void {
    const view = this.#view;
    const snapshot = () => view.snapshot(this.#clock.now());
    const gauge = (name: string, help: string, read: () => number): void => {
      const registers = [this.registry];
      const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) });
    };
    // Without operations there is no share, and 0 would be a lie.
    gauge(
      'encore_run_success_ratio',
      'Operations answered rightly, over all that ended',
      () => snapshot().successRate ?? Number.NaN,
    );
    gauge('encore_run_success_limit_ratio', 'The lowest share of right operations that the verdict allows', () =>
      limitOf('success_rate', view.config),
    );
    gauge('encore_run_faults_injected', 'Faults injected so far', () => snapshot().faults.injected);
    gauge('encore_run_faults_planned', 'Faults in the plan', () => snapshot().faults.planned);
    gauge('encore_run_faults_bit', 'Faults whose effect was seen from outside', () => snapshot().faults.bit);
    gauge('encore_run_server_ready', '1 while the server says that it is ready', () =>
      snapshot().server?.ready ? 1 : 0,
    );
    gauge(
      'encore_run_recovery_limit_seconds',
      'The longest recovery that the run allows',
      () => view.config.recoveryTimeoutSeconds,
    );
    gauge('encore_run_back_to_normal_limit_seconds', 'The longest return to normal that the verdict allows', () =>
      limitOf('back_to_normal_seconds', view.config),
    );
    const lastReturn: Gauge<'kind'> = new Gauge({
      name: 'encore_run_last_back_to_normal_seconds',
      help: 'From the recovery to normal success and response times, of the last fault of each kind where it could be measured',
      labelNames: ['kind'],
      registers: [this.registry],
      collect: () => {
        for (const kind of faultKinds) lastReturn.set({ kind }, Number.NaN);
        for (const { kind, seconds } of this.#returns()) lastReturn.set({ kind }, seconds);
      },
    });
    gauge(
      'encore_run_recovery_pending_seconds',
      'How long users have waited for the recovery that is under way, 0 when none is',
      () => this.#pendingSeconds(),
    );
    const violations: Gauge<'rule'> = new Gauge({
      name: 'encore_run_violations',
      help: 'What the rules of the verdict allow none of, in this run so far; acts of others a minute late',
      labelNames: ['rule'],
      registers: [this.registry],
      collect: () => {
        for (const [rule, count] of Object.entries(this.#violations())) violations.set({ rule }, count);
      },
    });
    const phase: Gauge<'phase'> = new Gauge({
      name: 'encore_run_phase',
      help: '1 for the phase that the run is in',
      labelNames: ['phase'],
      registers: [this.registry],
      collect: () => {
        for (const name of [...phases, 'over'] as const) phase.set({ phase: name }, view.phase === name ? 1 : 0);
      },
    });
  }
}
