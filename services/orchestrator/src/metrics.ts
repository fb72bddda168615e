/**
 * The run for those who watch: what stands in the report later, while it happens. The recoveries come from the judge's own
 * tracker, a few seconds late, because events of several sources must first be put into order.
 */
import { type EncoreEvent, type FaultKind, faultKinds, phases } from '@encore/contracts';
import { type Clock, createRegistry } from '@encore/kit';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { FaultTracker, recoveryOf, TimeOrder } from './judge/index.ts';
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
    }).set({ ...links }, 1);
    this.#zero();
    this.#describeRun();
  }

  add(event: EncoreEvent): void {
    if (event.type === 'supervisor_acted') this.#supervisorActs.inc({ act: event.act, result: event.result });
    this.#order.add(event);
    for (const observation of this.#order.ready()) this.#tracker.add(observation);
    if (event.type === 'load_second') this.#settle(event.at);
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

  #zero(): void {
    for (const kind of faultKinds) {
      this.#recoverySeconds.zero({ kind });
      this.#lastRecoverySeconds.set({ kind }, Number.NaN);
      this.#slowRecoveries.inc({ kind }, 0);
    }
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
    gauge(
      'encore_run_recovery_pending_seconds',
      'How long users have waited for the recovery that is under way, 0 when none is',
      () => this.#pendingSeconds(),
    );
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
