/**
 * Computes the verdict from the recorded files alone: one pass over the history in time order and
 * one over the ledger. Memory use depends on the length of the run, not on its load.
 *
 *   history ──▶ TimeOrder ──▶ collectors ──▶ Evidence ──▶ rules, requirements, warnings ──▶ Report
 *   ledger  ──▶ Ledger ─────────────────────────┘                                        + Series
 */
import type { EncoreEvent, HistoryLine, LedgerEntry, Plan, Report } from '@encore/contracts';
import { runConfigSchema } from '@encore/contracts';
import { withoutNumber } from '@encore/kit';
import { planWarnings } from '@encore/plan';
import { Attribution } from './collect/attribution.ts';
import { Availability } from './collect/availability.ts';
import { Generator } from './collect/generator.ts';
import { Ledger } from './collect/integrity.ts';
import { Interventions } from './collect/interventions.ts';
import { MemoryFaults } from './collect/memory-faults.ts';
import { MemoryFloor } from './collect/memory-floor.ts';
import { Resources } from './collect/resources.ts';
import { RunFacts } from './collect/run-facts.ts';
import { Traffic } from './collect/traffic.ts';
import { ServerHealth } from './events/server-health.ts';
import { secondsWithin } from './events/span.ts';
import type { Observation } from './events/time-order.ts';
import { TimeOrder } from './events/time-order.ts';
import type { Evidence } from './evidence.ts';
import { FaultTracker } from './faults/fault-tracker.ts';
import { faultFreeWindowsOf, finalizeFaults } from './faults/finalize.ts';
import { Alerts } from './observations/alerts.ts';
import { MemoryTrace } from './observations/memory-trace.ts';
import { Monitoring } from './observations/monitoring.ts';
import type { Series } from './observations/series.ts';
import { seriesOf } from './observations/series.ts';
import { ServerReadiness } from './observations/server-readiness.ts';
import { type Latencies, type LatencyCurves, missingLatencies } from './read/latencies.ts';
import { reportOf } from './report-of.ts';

export interface JudgedRun {
  history: AsyncIterable<HistoryLine>;
  plan: Plan;
  ledger: AsyncIterable<LedgerEntry>;
  /** Problems with the files, added while they are read. Any problem rules out PASSED. */
  fileProblems: string[];
  /** From the load generator's own log. No rule reads them, but they must be complete. */
  latencies?: Latencies;
  /** Harmless irregularities in the files, such as a truncated last line. */
  fileNotes?: string[];
}

export interface Judgement {
  report: Report;
  series: Series;
  curves?: LatencyCurves;
}

export async function judge(run: JudgedRun): Promise<Judgement> {
  const evaluation = new Evaluation(run.plan);
  for await (const line of run.history) evaluation.add(line.event);
  const ledger = new Ledger();
  for await (const entry of run.ledger) ledger.add(entry);
  const judgement = evaluation.conclude(ledger, run.fileProblems, run.fileNotes, run.latencies);
  if (run.latencies === undefined) return judgement;
  const { operations } = judgement.report;
  // A load generator that was killed reports no percentiles, so take them from its log.
  for (const [kind, operation] of Object.entries(operations)) {
    operation.response_ms ??= run.latencies.response.get(kind) ?? null;
    operation.service_ms ??= run.latencies.service.get(kind) ?? null;
  }
  return { ...judgement, curves: run.latencies.curves };
}

/** Expected time before the ramp and after steady; arrays grow if a run exceeds it. */
const overheadSeconds = 900;

/** An evaluation in progress. A live view adds events one by one and can conclude repeatedly. */
export class Evaluation {
  readonly #plan: Plan;
  readonly #order: TimeOrder;
  readonly #run = new RunFacts();
  readonly #tracker: FaultTracker;
  readonly #traffic: Traffic;
  readonly #availability = new Availability();
  readonly #attribution = new Attribution();
  readonly #interventions: Interventions;
  readonly #resources = new Resources();
  readonly #generator = new Generator();
  #planWarnings: string[] = [];
  readonly #memoryFaults = new MemoryFaults();
  readonly #alerts = new Alerts(this.#memoryFaults);
  readonly #memory: MemoryTrace;
  readonly #floor = new MemoryFloor();
  readonly #ready = new ServerReadiness();
  readonly #health = new ServerHealth();
  readonly #monitoring = new Monitoring();
  #usersSeenAt = 0;

  /**
   * `horizonMs`: how long events wait for those of slower sources (default: one minute). A live
   * view uses a short one.
   */
  constructor(plan: Plan, horizonMs?: number) {
    this.#plan = plan;
    this.#order = new TimeOrder(horizonMs);
    this.#tracker = new FaultTracker(plan);
    this.#interventions = new Interventions(plan.system);
    const plannedSeconds = plan.rampSeconds + plan.steadySeconds + overheadSeconds;
    this.#traffic = new Traffic(plannedSeconds);
    this.#memory = new MemoryTrace(plannedSeconds);
  }

  add(event: EncoreEvent): void {
    this.#order.add(event);
    for (const ready of this.#order.ready()) this.#observe(ready);
  }

  conclude(ledger: Ledger, fileProblems: string[] = [], fileNotes: string[] = [], latencies?: Latencies): Judgement {
    for (const event of this.#order.rest()) this.#observe(event);
    const missing = latencies === undefined ? [] : missingLatencies(latencies, this.#run.loadSummary);
    const evidence = this.#evidence(ledger, [...fileProblems, ...missing.map((text) => `latency.hlog: ${text}`)]);
    return { report: reportOf(evidence, fileNotes), series: seriesOf(evidence, this.#memory) };
  }

  #observe(event: Observation): void {
    const whole = event.type === 'server_observed' ? this.#health.add(event) : event;
    this.#run.add(event);
    if (event.type === 'run_started') this.#planWarnings = warningsOfPlan(this.#plan, event.config);
    this.#tracker.add(event);
    this.#interventions.add(event, this.#tracker);
    this.#memoryFaults.add(event);
    this.#alerts.add(whole);
    if (whole.type === 'server_observed') this.#ready.add(whole);
    switch (event.type) {
      case 'load_second':
        this.#traffic.add(event, this.#run.isMeasuring, this.#run.injectorFailedWithin(event.at - 1_000, event.at));
        this.#attribution.countSecond(event, this.#tracker, this.#run);
        this.#usersSeenAt = Math.max(this.#usersSeenAt, event.at);
        break;
      case 'probe':
        if (this.#run.isMeasuring) this.#availability.add(event, this.#inFaultFreeWindow(event.dueAt, event.at));
        this.#usersSeenAt = Math.max(this.#usersSeenAt, event.at);
        break;
      case 'attempt_failed':
        this.#attribution.add(event, this.#tracker, this.#run);
        break;
      case 'target_sampled':
        this.#resources.sample(event, {
          inFaultFreeWindow: this.#inFaultFreeWindow(event.at, event.at),
          memoryReduced: this.#memoryFaults.on(event.target, event.at) !== null,
        });
        this.#memory.add(event);
        break;
      case 'garbage_collected':
        if (this.#inFaultFreeWindow(event.at, event.at)) this.#floor.add(event.at, event.bytes);
        break;
      case 'target_started':
        if (withoutNumber(event.target) === this.#plan.system.recoveryOf) this.#floor.started(event.at);
        this.#resources.started(event);
        break;
      case 'generator_checked':
        this.#generator.add(event);
        break;
      case 'alerts_queried':
      case 'alert_fired':
        this.#monitoring.add(event);
        break;
      default:
        break;
    }
  }

  /** True if the span lies in steady, outside fault windows and injector failures. */
  #inFaultFreeWindow(fromAt: number, toAt: number): boolean {
    if (this.#run.phase !== 'steady' || this.#run.injectorFailedWithin(fromAt, toAt)) return false;
    return this.#tracker.ownerOf(fromAt, toAt) === null;
  }

  #evidence(ledger: Ledger, fileProblems: string[]): Evidence {
    const run = this.#run;
    const { settings } = run;
    const reached = [...this.#tracker.records.values()]
      .sort((a, b) => a.fault.atSeconds - b.fault.atSeconds)
      .filter(
        ({ injectedAt, intendedAt, effect, skipped }) =>
          !run.interrupted || (injectedAt ?? intendedAt ?? effect ?? skipped) !== null,
      );
    const faults = finalizeFaults(reached, this.#usersSeenAt, settings.recoveryTimeoutSeconds, run.engineLosses);
    const faultFreeWindows = faultFreeWindowsOf(run.span('steady'), faults, run.injectorFailures);
    const measured = run.span('ramp', 'steady');
    const spanSeconds = measured === null ? 0 : (measured.toAt - measured.fromAt) / 1_000;
    const unseen = measured === null ? [] : [...run.gaps, ...this.#traffic.unseenWithin(measured)];
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
      faultFreeWindows,
      measured,
      observedSeconds: measured === null ? 0 : spanSeconds - secondsWithin(measured, unseen),
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
      readyShare: this.#ready.shareOf(faultFreeWindows, run.lastAt),
      fileProblems,
    };
  }
}

/**
 * Repeats the plan warnings of preflight in the report; none if the recorded settings are invalid.
 */
function warningsOfPlan(plan: Plan, config: unknown): string[] {
  const settings = runConfigSchema.safeParse(config);
  return settings.success ? planWarnings(plan, settings.data) : [];
}
