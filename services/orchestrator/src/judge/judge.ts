/**
 * The verdict: a pure function of what was written down. One pass over the history in the order of time, one over the
 * ledger, memory bounded by the length of the run and not by its load.
 *
 *   history ──▶ TimeOrder ──▶ collectors ──▶ Evidence ──▶ checks, rules, warnings ──▶ Report + Series
 *   ledger  ──▶ Ledger ─────────────────────────┘
 */
import type { EncoreEvent, HistoryLine, LedgerEntry, Plan, Report } from '@encore/contracts';
import { runConfigSchema } from '@encore/contracts';
import { planWarnings } from '@encore/plan';
import { Alerts } from './alerts.ts';
import { Attribution } from './attribution.ts';
import { Availability } from './availability.ts';
import type { Evidence } from './evidence.ts';
import { FaultTracker } from './fault-tracker.ts';
import { Generator } from './generator.ts';
import { Ledger } from './integrity.ts';
import { Interventions } from './interventions.ts';
import { type Latencies, type LatencyCurves, missingLatencies } from './latencies.ts';
import { MemoryFloor } from './memory-floor.ts';
import { MemorySqueezes } from './memory-squeezes.ts';
import { MemoryTrace } from './memory-trace.ts';
import { Monitoring } from './monitoring.ts';
import { ReadyWatch } from './ready-share.ts';
import { reportOf } from './report-of.ts';
import { Resources } from './resources.ts';
import { RunFacts } from './run-facts.ts';
import type { Series } from './series.ts';
import { seriesOf } from './series.ts';
import { controlWindowsOf, settleFaults } from './settle.ts';
import { secondsWithin } from './span.ts';
import type { Observation } from './time-order.ts';
import { TimeOrder } from './time-order.ts';
import { Traffic } from './traffic.ts';

export interface JudgedRun {
  history: AsyncIterable<HistoryLine>;
  plan: Plan;
  ledger: AsyncIterable<LedgerEntry>;
  /** Filled while the files are read: what is wrong with them. Any problem rules out PASSED. */
  historyProblems: string[];
  /** Of the generator's own log; no rule reads them, but they must be complete. */
  latencies?: Latencies;
  /** Harmless oddities of the files, such as a torn last line. */
  historyNotes?: string[];
}

export interface Judgement {
  report: Report;
  series: Series;
  curves?: LatencyCurves;
}

export async function judge(run: JudgedRun): Promise<Judgement> {
  const judging = new Judging(run.plan);
  for await (const line of run.history) judging.add(line.event);
  const ledger = new Ledger();
  for await (const entry of run.ledger) ledger.add(entry);
  const judgement = judging.conclude(ledger, run.historyProblems, run.historyNotes, run.latencies);
  if (run.latencies === undefined) return judgement;
  const { operations } = judgement.report;
  // Without the sum that a generator tells at its end: it was killed.
  for (const [kind, operation] of Object.entries(operations)) {
    operation.response_ms ??= run.latencies.response.get(kind) ?? null;
    operation.service_ms ??= run.latencies.service.get(kind) ?? null;
  }
  return { ...judgement, curves: run.latencies.curves };
}

/** What a run takes before its ramp and after its steady phase; more is borne. */
const aroundSeconds = 900;

/** The judge at work. A live view feeds it event by event and may conclude as often as it likes. */
export class Judging {
  readonly #plan: Plan;
  readonly #order: TimeOrder;
  readonly #run = new RunFacts();
  readonly #tracker: FaultTracker;
  readonly #traffic: Traffic;
  readonly #availability = new Availability();
  readonly #attribution = new Attribution();
  readonly #interventions = new Interventions();
  readonly #resources = new Resources();
  readonly #generator = new Generator();
  #planWarnings: string[] = [];
  readonly #squeezes = new MemorySqueezes();
  readonly #alerts = new Alerts(this.#squeezes);
  readonly #memory: MemoryTrace;
  readonly #floor = new MemoryFloor();
  readonly #ready = new ReadyWatch();
  readonly #monitoring = new Monitoring();
  #usersSeenAt = 0;

  /** `horizonMs`: how long events wait for those of other sources; a live view wants it short. */
  constructor(plan: Plan, horizonMs?: number) {
    this.#plan = plan;
    this.#order = new TimeOrder(horizonMs);
    this.#tracker = new FaultTracker(plan);
    const plannedSeconds = plan.rampSeconds + plan.steadySeconds + aroundSeconds;
    this.#traffic = new Traffic(plannedSeconds);
    this.#memory = new MemoryTrace(plannedSeconds);
  }

  add(event: EncoreEvent): void {
    this.#order.add(event);
    for (const ready of this.#order.ready()) this.#observe(ready);
  }

  conclude(
    ledger: Ledger,
    historyProblems: string[] = [],
    historyNotes: string[] = [],
    latencies?: Latencies,
  ): Judgement {
    for (const event of this.#order.rest()) this.#observe(event);
    const lacking = latencies === undefined ? [] : missingLatencies(latencies, this.#run.loadSummary);
    const evidence = this.#evidence(ledger, [...historyProblems, ...lacking.map((text) => `latency.hlog: ${text}`)]);
    return { report: reportOf(evidence, historyNotes), series: seriesOf(evidence, this.#memory) };
  }

  #observe(event: Observation): void {
    this.#run.add(event);
    if (event.type === 'run_started') this.#planWarnings = warningsOfPlan(this.#plan, event.config);
    this.#tracker.add(event);
    this.#interventions.add(event, this.#tracker);
    this.#squeezes.add(event);
    this.#alerts.add(event);
    switch (event.type) {
      case 'load_second':
        this.#traffic.add(event, this.#run.counting, this.#run.injectorFailedWithin(event.at - 1_000, event.at));
        this.#attribution.countSecond(event, this.#tracker, this.#run);
        this.#usersSeenAt = Math.max(this.#usersSeenAt, event.at);
        break;
      case 'probe':
        if (this.#run.counting) this.#availability.add(event, this.#inControl(event.dueAt, event.at));
        this.#usersSeenAt = Math.max(this.#usersSeenAt, event.at);
        break;
      case 'attempt_failed':
        this.#attribution.add(event, this.#tracker, this.#run);
        break;
      case 'target_sampled':
        this.#resources.sample(event, {
          inControl: this.#inControl(event.at, event.at),
          squeezed: this.#squeezes.on(event.target, event.at) !== null,
        });
        this.#memory.add(event);
        break;
      case 'server_collected':
        if (this.#inControl(event.at, event.at)) this.#floor.add(event.at, event.bytes);
        break;
      case 'target_started':
        if (event.target === 'server') this.#floor.started(event.at);
        this.#resources.started(event);
        break;
      case 'generator_checked':
        this.#generator.add(event);
        break;
      case 'server_seen':
        this.#ready.add(event);
        break;
      case 'alerts_asked':
      case 'alert_fired':
        this.#monitoring.add(event);
        break;
      default:
        break;
    }
  }

  /** A request that was in flight when a fault began belongs to the fault. */
  #inControl(fromAt: number, toAt: number): boolean {
    if (this.#run.phase !== 'steady' || this.#run.injectorFailedWithin(fromAt, toAt)) return false;
    return this.#tracker.ownerOf(fromAt, toAt) === null;
  }

  #evidence(ledger: Ledger, historyProblems: string[]): Evidence {
    const run = this.#run;
    const { settings } = run;
    const reached = [...this.#tracker.records.values()]
      .sort((a, b) => a.fault.atSeconds - b.fault.atSeconds)
      .filter(
        ({ injectedAt, intendedAt, bit, skipped }) =>
          !run.interrupted || (injectedAt ?? intendedAt ?? bit ?? skipped) !== null,
      );
    const faults = settleFaults(reached, this.#usersSeenAt, settings.recoveryTimeoutSeconds, run.engineLosses);
    const controlWindows = controlWindowsOf(run.span('steady'), faults, run.injectorFailures);
    const counted = run.span('ramp', 'steady');
    const spanSeconds = counted === null ? 0 : (counted.toAt - counted.fromAt) / 1_000;
    const unseen = counted === null ? [] : [...run.gaps, ...this.#traffic.unseenWithin(counted)];
    const planned = this.#plan.rampSeconds + this.#plan.steadySeconds;
    return {
      plan: this.#plan,
      planWarnings: this.#planWarnings,
      run,
      settings,
      traffic: this.#traffic,
      availability: this.#availability,
      faults,
      notReached: this.#tracker.records.size - reached.length,
      controlWindows,
      counted,
      observedSeconds: counted === null ? 0 : spanSeconds - secondsWithin(counted, unseen),
      dueSeconds: run.interrupted ? spanSeconds : Math.max(spanSeconds, planned),
      attribution: this.#attribution,
      interventions: this.#interventions,
      resources: this.#resources,
      floor: this.#floor,
      generator: this.#generator,
      alerts: this.#alerts,
      integrity: ledger.figures,
      ledgerRuns: ledger.runs,
      monitoring: this.#monitoring.of(faults),
      readyShare: this.#ready.shareOf(controlWindows, run.lastAt),
      historyProblems,
    };
  }
}

/** What preflight warned of, for those who read the report alone. A history may hold settings that are none. */
function warningsOfPlan(plan: Plan, config: unknown): string[] {
  const settings = runConfigSchema.safeParse(config);
  return settings.success ? planWarnings(plan, settings.data) : [];
}
