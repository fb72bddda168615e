/**
 * Places the faults of all rules on the timeline, in whole milliseconds from the start of the
 * steady phase.
 *
 * Order: rules with fixed times, rules with a fixed interval, random rules, overlapping rules;
 * within a class, the order of the config. A fixed or regular fault that does not fit is dropped,
 * because its rule asks for exactly that time. A random fault moves to the nearest free time within
 * its interval (later first), or else to the first free time after it. It is dropped if the run
 * ends first or if it would leave too little fault-free time.
 */
import {
  behaviourOf,
  type DroppedFaults,
  type FaultKind,
  isKill,
  type PlannedFault,
  type PlannedSystem,
  paramsSchema,
  type RunConfig,
  type ScheduleRule,
} from '@encore/contracts';
import { Random, replicasOf } from '@encore/kit';
import { toleratedOutageSeconds } from './best-success-rate.ts';
import { defaultSchedule } from './default-schedule.ts';
import { lastRecoverySeconds, recoveryMsAfter, steadySecondsOf } from './run-times.ts';
import { outageSpacing, type Placed, type RuleFault, thinOut } from './thin-out.ts';
import { TimeLine } from './time-line.ts';

export type Draft = Omit<PlannedFault, 'id'>;

export interface Layout {
  faults: Draft[];
  /** Fixed or regular faults that did not fit, each with its time. */
  unplaced: { rule: string; kind: FaultKind; isKill: boolean; atSeconds: number; reason: string }[];
  /**
   * Faults that the schedule asks for and `faults` lacks. A random rule asks for one fault per
   * maximum interval.
   */
  dropped: DroppedFaults[];
  /** Names of rules without a single planned fault. */
  empty: string[];
  /** Share of the steady phase without a fault or a recovery, from 0 to 1. */
  faultFreeShare: number;
}

const maxFaults = 100_000;
const earliestMs = 2_000;
const doesNotFit = 'no free time between other faults and their recoveries';
const tooLate = 'the run would end before the recovery';
/**
 * Share of the steady phase that randomly drawn total outages may cost. It keeps the estimated
 * best success rate well above that at which a plan is refused.
 */
const outageBudget = 0.025;

export function layOut(config: RunConfig, system: PlannedSystem): Layout {
  return new Planner(config, system).run();
}

class Planner {
  readonly #config: RunConfig;
  readonly #system: PlannedSystem;
  readonly #random: Random;
  readonly #steadyMs: number;
  readonly #tailMs: number;
  readonly #line = new TimeLine<Placed>();
  readonly #unplaced: Layout['unplaced'] = [];
  readonly #dropped: DroppedFaults[] = [];
  #budgetMs: number;

  constructor(config: RunConfig, system: PlannedSystem) {
    this.#config = config;
    this.#system = system;
    this.#random = new Random(config.seed).fork('plan');
    this.#steadyMs = Math.round(steadySecondsOf(config) * 1_000);
    this.#tailMs = Math.round(lastRecoverySeconds(config) * 1_000);
    this.#budgetMs = this.#steadyMs * outageBudget;
  }

  run(): Layout {
    const rules = (this.#config.schedule ?? defaultSchedule(this.#config, this.#system)).map(withDefaults);
    const inOrder = rules.map((rule, index) => ({ rule, index }));
    inOrder.sort((a, b) => priority(a.rule) - priority(b.rule) || a.index - b.index);
    for (const { rule } of inOrder) {
      if ('betweenSeconds' in rule.when) this.#placeRandom(rule, rule.when.betweenSeconds);
      else this.#placeRegular(rule);
    }
    thinOut(this.#line, this.#steadyMs, this.#random.fork('thin-out'), ({ rule }, reason) =>
      this.#drop(rule, 1, reason),
    );
    const placed = this.#line.spans;
    const replicas = this.#random.fork('replicas');
    return {
      faults: placed.map(({ rule, fault, fromMs, toMs }) => ({
        kind: fault.kind,
        target: replicas.pick(replicasOf(this.#system, rule.target)),
        atSeconds: fromMs / 1_000,
        durationSeconds: (toMs - fromMs) / 1_000,
        params: fault.params,
      })),
      unplaced: this.#unplaced,
      dropped: this.#dropped,
      empty: rules.map(({ name }) => name).filter((name) => !placed.some(({ rule }) => rule.name === name)),
      faultFreeShare: this.#steadyMs <= 0 ? 0 : 1 - this.#line.occupiedMs(this.#steadyMs) / this.#steadyMs,
    };
  }

  /** Each fault of the rule has a fixed time: it is placed there or dropped. */
  #placeRegular(rule: ScheduleRule): void {
    const random = this.#random.fork(rule.name);
    const draw = this.#drawFunction(rule, random);
    for (const atMs of this.#timesOf(rule)) {
      const candidate = draw(atMs);
      const isInTime = this.#inTime(candidate);
      const reason = isInTime ? this.#conflict(candidate) : tooLate;
      if (reason === null) this.#line.insert(candidate);
      else {
        const { kind } = candidate.fault;
        const atSeconds = atMs / 1_000;
        this.#unplaced.push({ rule: rule.name, kind, isKill: isKill(candidate.fault), atSeconds, reason });
        this.#drop(rule, 1, isInTime ? doesNotFit : tooLate);
      }
    }
  }

  #drop({ name }: ScheduleRule, count: number, reason: string): void {
    if (count === 0) return;
    const known = this.#dropped.find((one) => one.rule === name && one.reason === reason);
    if (known !== undefined) known.count += count;
    else this.#dropped.push({ rule: name, count, reason });
  }

  #timesOf(rule: ScheduleRule): number[] {
    const { when } = rule;
    if ('atSeconds' in when) return when.atSeconds.map((at) => Math.round(at * 1_000)).sort((a, b) => a - b);
    if (!('everyMinutes' in when)) return [];
    const times: number[] = [];
    const stepMs = when.everyMinutes * 60_000;
    for (let k = 0; k < maxFaults; k += 1) {
      const atMs = Math.round((k + when.phase) * stepMs);
      // The run ends before this one is due, so it does not count as dropped.
      if (atMs > this.#steadyMs - this.#tailMs) break;
      times.push(atMs);
    }
    return times;
  }

  #placeRandom(rule: ScheduleRule, range: { min: number; max: number }): void {
    const random = this.#random.fork(rule.name);
    const draw = this.#drawFunction(rule, random);
    const minMs = Math.round(range.min * 1_000);
    const maxMs = Math.round(range.max * 1_000);
    let before = 0;
    let earliest = earliestMs;
    let latest = maxMs;
    let nominal = Math.round(random.between(0, maxMs));
    for (let count = 0; count < maxFaults; count += 1) {
      const candidate = draw(Math.max(earliest, nominal));
      const atMs = this.#nearestFree(candidate, earliest, latest);
      // Every full maximum interval without a fault is one dropped fault.
      const end = atMs ?? this.#steadyMs - this.#tailMs;
      this.#drop(
        rule,
        Math.max(0, atMs === null ? Math.floor((end - before) / maxMs) : Math.ceil((end - before) / maxMs) - 1),
        doesNotFit,
      );
      if (atMs === null) return;
      before = atMs;
      this.#line.insert(at(candidate, atMs));
      earliest = atMs + minMs;
      latest = atMs + maxMs;
      nominal = Math.round(atMs + random.between(minMs, maxMs));
    }
  }

  /**
   * Returns the nearest free start in [earliest, latest], later first; otherwise the first free
   * start after it; null if the run ends before that.
   */
  #nearestFree(candidate: Placed, earliest: number, latest: number): number | null {
    const later = this.#firstFree(candidate);
    if (later !== null && later <= latest) return later;
    const before = this.#lastFree(candidate, earliest);
    return before ?? later;
  }

  #firstFree(candidate: Placed): number | null {
    let moved = candidate;
    while (this.#inTime(moved)) {
      const blocker = this.#blocker(moved);
      if (blocker === null) return moved.fromMs;
      const next = blocker.toMs + gapMs(blocker, moved);
      // At least 1 ms forward, so that a blocker on either side is eventually passed.
      moved = at(moved, Math.max(next, moved.fromMs + 1));
    }
    return null;
  }

  #lastFree(candidate: Placed, earliest: number): number | null {
    let moved = candidate;
    while (moved.fromMs >= earliest) {
      const blocker = this.#blocker(moved);
      if (blocker === null) return this.#inTime(moved) ? moved.fromMs : null;
      const length = moved.toMs - moved.fromMs;
      moved = at(moved, Math.min(blocker.fromMs - gapMs(moved, blocker) - length, moved.fromMs - 1));
    }
    return null;
  }

  #inTime(candidate: Placed): boolean {
    return candidate.toMs <= this.#steadyMs - this.#tailMs;
  }

  #conflict(candidate: Placed): string | null {
    const blocker = this.#blocker(candidate);
    if (blocker === null) return null;
    const other = `${blocker.fault.kind} at ${blocker.fromMs / 1_000} s`;
    if (candidate.rule.overlap)
      return `${other} acts on the same target until ${blocker.toMs / 1_000} s, and two faults of one kind cannot overlap there`;
    const isFirst = blocker.fromMs <= candidate.fromMs;
    const [earlier, later] = isFirst ? [blocker, candidate] : [candidate, blocker];
    const healthy = behaviourOf(later.fault).healthBeforeSeconds;
    const recovery = `${earlier.recoveryMs / 1_000} s for recovery with --kill-interval ${this.#config.killIntervalMinutes}`;
    const why = healthy > 0 ? `${recovery}, ${healthy} s of health before ${later.fault.kind}` : recovery;
    return isFirst
      ? `the earliest time after ${other} is ${(blocker.toMs + gapMs(blocker, candidate)) / 1_000} s (${why})`
      : `it must end at least ${gapMs(candidate, blocker) / 1_000} s before ${other} (${why})`;
  }

  #blocker(candidate: Placed): Placed | null {
    if (candidate.rule.overlap) {
      // The same kind on the same target never overlaps: one revert would end both faults.
      const same = (other: Placed) =>
        other.rule.target === candidate.rule.target && other.fault.kind === candidate.fault.kind;
      return this.#line.overlapping(candidate).find(same) ?? null;
    }
    const { before, after } = this.#line.neighbours(candidate);
    if (before && candidate.fromMs < before.toMs + gapMs(before, candidate)) return before;
    if (after && after.fromMs < candidate.toMs + gapMs(candidate, after)) return after;
    return null;
  }

  /**
   * Returns a function that draws the next fault of a rule: in turn, or by weight. A weighted draw
   * yields a total outage only if it is far enough from the previous one and the budget allows it.
   */
  #drawFunction(rule: ScheduleRule, random: Random): (fromMs: number) => Placed {
    const mild = rule.faults.filter((fault) => !behaviourOf(fault).totalOutage);
    const weighted = (faults: readonly RuleFault[]) =>
      random.weighted(faults.map((fault) => ({ item: fault, weight: fault.weight })));
    let turn = -1;
    let sinceOutage = outageSpacing;
    return (fromMs) => {
      turn += 1;
      sinceOutage += 1;
      if (rule.pick === 'in-turn') return this.#span(rule, rule.faults[turn % rule.faults.length], fromMs, random);
      const chosen = this.#span(rule, weighted(rule.faults), fromMs, random);
      if (!behaviourOf(chosen.fault).totalOutage) return chosen;
      const costMs = Math.max(0, chosen.toMs - chosen.fromMs - toleratedOutageSeconds * 1_000);
      if (mild.length > 0 && (sinceOutage < outageSpacing || costMs > this.#budgetMs))
        return this.#span(rule, weighted(mild), fromMs, random);
      sinceOutage = 0;
      this.#budgetMs -= costMs;
      return chosen;
    };
  }

  #span(rule: ScheduleRule, fault: RuleFault | undefined, fromMs: number, random: Random): Placed {
    if (fault === undefined) throw new RangeError(`rule ${rule.name} has no faults`);
    const range = fault.durationSeconds ?? behaviourOf(fault).holdSeconds;
    const lengthMs = range === null ? 0 : Math.round(random.between(range.min, range.max) * 1_000);
    return { rule, fault, fromMs, toMs: fromMs + lengthMs, recoveryMs: recoveryMsAfter(this.#config, fault) };
  }
}

/** The rule with all parameters, so that a plan does not depend on later defaults. */
function withDefaults(rule: ScheduleRule): ScheduleRule {
  return {
    ...rule,
    faults: rule.faults.map((fault) => ({ ...fault, params: paramsSchema(fault.kind).parse(fault.params) })),
  };
}

function priority(rule: ScheduleRule): number {
  if (rule.overlap) return 3;
  if ('betweenSeconds' in rule.when) return 2;
  return 'everyMinutes' in rule.when ? 1 : 0;
}

function gapMs(earlier: Placed, later: Placed): number {
  return earlier.recoveryMs + behaviourOf(later.fault).healthBeforeSeconds * 1_000;
}

function at(placed: Placed, fromMs: number): Placed {
  return { ...placed, fromMs, toMs: fromMs + placed.toMs - placed.fromMs };
}
