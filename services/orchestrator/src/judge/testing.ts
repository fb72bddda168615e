/**
 * A simulated run for tests and examples: the events, plan and ledger that a lab with a given server would have written.
 * Second by second and seeded, so that a day needs no memory and two runs of one seed are equal.
 */
import type { EncoreEvent, HistoryLine, LedgerEntry, Outcome, Phase, Plan } from '@encore/contracts';
import { canonicalJson, crcHex, Random, sha256Hex } from '@encore/kit';
import { activeIn, faultEvents, plannedFault, type SimulatedFault, slownessAt, troubleAt } from './simulated-fault.ts';

export { plannedFault, type SimulatedFault };

export interface Simulation {
  seed: number;
  startsAt: number;
  rampSeconds: number;
  steadySeconds: number;
  users: number;
  operationsPerSecond: number;
  probesPerSecond: number;
  faults: SimulatedFault[];
  config: Record<string, unknown>;
  /** Second of steady in which somebody interrupts. */
  interruptedAfter: number | null;
  /** Seconds of steady in which the load generator says nothing. */
  unseen: { from: number; to: number } | null;
  leakBytesPerHour: number;
  /** Failed attempts per second that no fault explains. */
  strayFailures: number;
  lateStarts: number;
  eventLoopDelayP99Ms: number;
  /** Of one core, by the generator. */
  cpuShare: number;
  acknowledged: number;
  lost: number;
  /** Events to be put in where their time is. */
  extra: EncoreEvent[];
}

const defaults: Simulation = {
  seed: 7,
  startsAt: Date.UTC(2026, 10, 23, 10, 0, 0),
  rampSeconds: 10,
  steadySeconds: 170,
  users: 20,
  operationsPerSecond: 40,
  probesPerSecond: 10,
  faults: [],
  config: { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: {} },
  interruptedAfter: null,
  unseen: null,
  leakBytesPerHour: 0,
  strayFailures: 0,
  lateStarts: 0,
  eventLoopDelayP99Ms: 12,
  cpuShare: 0.31,
  acknowledged: 200,
  lost: 0,
  extra: [],
};

const megabyte = 1_048_576;
const listedPerSecond = 80;
const operationShares = { create: 0.285, analyze: 0.381, modify: 0.19, export: 0.095, heavy: 0.049 } as const;

export class SimulatedRun {
  readonly settings: Simulation;
  readonly plan: Plan;
  readonly #random: Random;
  readonly #steadyAt: number;

  constructor(settings: Partial<Simulation> = {}) {
    this.settings = { ...defaults, ...settings };
    this.#random = new Random(this.settings.seed);
    this.#steadyAt = this.settings.startsAt + 2_000 + this.settings.rampSeconds * 1_000;
    const { seed, rampSeconds, steadySeconds } = this.settings;
    const faults = this.settings.faults.map(({ id, kind, target, atSeconds, durationSeconds, params }) => ({
      id,
      kind,
      target,
      atSeconds,
      durationSeconds,
      params,
    }));
    const body = { version: 1 as const, seed, rampSeconds, steadySeconds, faults, bestSuccessRate: 0.99 };
    this.plan = { ...body, hash: sha256Hex(canonicalJson(body)) };
  }

  /** Milliseconds of a second of steady. */
  at(second: number): number {
    return this.#steadyAt + second * 1_000;
  }

  async *history(): AsyncGenerator<HistoryLine> {
    let seq = 0;
    for (const event of this.events()) {
      seq += 1;
      const line = { seq, source: 'orchestrator' as const, event };
      yield { ...line, crc: crcHex(canonicalJson(line)) };
    }
  }

  async *ledger(): AsyncGenerator<LedgerEntry> {
    const { acknowledged, lost, startsAt: at } = this.settings;
    for (let number = 0; number < acknowledged; number += 1) {
      const key = `key-${number}`;
      const scoreId = `run-u1-${number}`;
      const hash = sha256Hex(scoreId);
      yield { type: 'intended', at, key, user: 1, operation: 'create', scoreId, hash };
      yield { type: 'acknowledged', at, key, scoreId, hash, version: 1 };
    }
    for (let number = 0; number < acknowledged; number += 1) {
      const scoreId = `run-u1-${number}`;
      const isLost = number < lost;
      const found = isLost ? null : sha256Hex(scoreId);
      yield { type: 'read_back', at, key: `key-${number}`, scoreId, found, verdict: isLost ? 'lost' : 'intact' };
    }
  }

  *events(): Generator<EncoreEvent> {
    const { startsAt, rampSeconds, steadySeconds, seed, config, interruptedAfter, faults, extra } = this.settings;
    const environment = {
      commit: '0123abc',
      engine: 'simulated 1.0',
      kernel: '6.1',
      cgroup_version: '2',
      cores: 2,
      memory_bytes: 8_589_934_592,
    };
    yield { type: 'run_started', at: startsAt, runId: 'run', seed, planHash: this.plan.hash, config, environment };
    yield phase('preflight', startsAt);
    yield { type: 'server_seen', at: startsAt + 500, port: true, ready: true };
    yield phase('ramp', startsAt + 2_000);
    const endSecond = Math.min(steadySeconds, interruptedAfter ?? steadySeconds);
    for (let second = -rampSeconds; second < endSecond; second += 1) {
      if (second === 0) yield phase('steady', this.at(0));
      for (const fault of faults)
        if (Math.floor(fault.atSeconds) === second) yield* faultEvents(fault, this.plan, this.#steadyAt);
      for (const event of extra) if (Math.floor((event.at - this.at(0)) / 1_000) === second) yield event;
      yield* this.#second(second);
    }
    yield* this.#end(endSecond);
  }

  *#end(endSecond: number): Generator<EncoreEvent> {
    const at = this.at(endSecond);
    const interrupted = this.settings.interruptedAfter !== null;
    if (interrupted) yield { type: 'stop_requested', at, reason: 'Ctrl-C' };
    yield phase('heal', at);
    for (let second = endSecond; second < endSecond + 3; second += 1) yield* this.#second(second);
    const { acknowledged, lost } = this.settings;
    if (!interrupted) {
      yield phase('verify', at + 3_000);
      yield {
        type: 'engine_saw',
        at: at + 3_100,
        engineAt: at + 3_090,
        target: 'server',
        action: 'kill',
        signal: 'SIGTERM',
      };
      yield { type: 'engine_saw', at: at + 3_400, engineAt: at + 3_390, target: 'server', action: 'die', exitCode: 0 };
      yield { type: 'target_started', at: at + 3_900, target: 'server', actor: 'supervisor', reason: 'verify' };
      const none = { corrupt: 0, duplicate: 0, phantom: 0, unknownPresent: 0, unknownAbsent: 0 };
      yield {
        type: 'read_back_done',
        at: at + 6_000,
        final: true,
        acknowledged,
        readBack: acknowledged,
        lost,
        ...none,
      };
    }
    const clean = { leakedToxics: 0, leakedPauses: 0, limitsOffBaseline: 0, foreignContainersTouched: 0, detail: [] };
    yield { type: 'hygiene_checked', at: at + 6_500, ...clean };
    yield this.#summary(at + 6_600);
    yield phase('report', at + 6_700);
    yield { type: 'run_ended', at: at + 7_000, how: interrupted ? 'interrupted' : 'completed' };
  }

  *#second(second: number): Generator<EncoreEvent> {
    const { unseen, operationsPerSecond, probesPerSecond, strayFailures, users, rampSeconds } = this.settings;
    const at = this.at(second);
    if (second % 5 === 0) yield* this.#samples(at);
    if (unseen !== null && second >= unseen.from && second < unseen.to) return;
    const ramped = second < 0 ? (second + rampSeconds + 1) / rampSeconds : 1;
    const due = Math.round(operationsPerSecond * ramped);
    const active = activeIn(second, this.settings.faults);
    const counts = { ok: 0, failed: 0 };
    const attempts: Partial<Record<Outcome, number>> = {};
    const stray = second >= 0 ? strayFailures : 0;
    if (active.length === 0 && stray === 0) {
      counts.ok = due;
      attempts.ok = due;
    } else {
      for (let number = 0; number < due; number += 1) {
        const startedAt = at + (number / due) * 1_000;
        const outcome = troubleAt(startedAt, active, this.#steadyAt) ?? (number < stray ? 'server_error' : 'ok');
        attempts[outcome] = (attempts[outcome] ?? 0) + 1;
        counts[outcome === 'ok' ? 'ok' : 'failed'] += 1;
        // Like the real one, the generator lists so many and counts the rest.
        if (outcome !== 'ok' && counts.failed <= listedPerSecond) {
          yield this.#failure(second * 10_000 + number, startedAt, outcome);
        }
      }
    }
    yield this.#probes(at, probesPerSecond, active);
    const p50 = 18 + 4 * this.#random.next() + slownessAt(at, active, this.#steadyAt);
    yield {
      type: 'load_second',
      at: at + 1_000,
      users: Math.round(users * ramped),
      attempts,
      operations: spread(counts.ok, counts.failed),
      responseMs: counts.ok === 0 ? null : { p50, p99: p50 * (3 + this.#random.next()), max: p50 * 6 },
      bytesSent: 1_000_000,
      bytesReceived: 2_000_000,
    };
    if (second % 10 === 0) {
      const memoryBytes = 120 * megabyte;
      yield {
        type: 'generator_checked',
        at: at + 1_000,
        lateStarts: this.settings.lateStarts,
        starts: due * 10,
        eventLoopDelayP99Ms: this.settings.eventLoopDelayP99Ms,
        cpuShare: this.settings.cpuShare,
        memoryBytes,
      };
    }
  }

  #failure(number: number, startedAt: number, outcome: Outcome): EncoreEvent {
    const id = `u1-o${number}`;
    return {
      type: 'attempt_failed',
      at: startedAt + 2,
      startedAt,
      attemptId: `${id}-a1`,
      operation: 'analyze',
      operationId: id,
      user: 1,
      outcome,
      request: 'POST /mcp key_analysis',
      detail: 'ECONNREFUSED',
    };
  }

  #probes(at: number, perSecond: number, active: SimulatedFault[]): EncoreEvent {
    const probes = Array.from({ length: perSecond }, (_, number) => {
      const dueAt = at + (number / perSecond) * 1_000;
      const outcome = troubleAt(dueAt, active, this.#steadyAt) ?? ('ok' as const);
      return { dueAt, endedAt: dueAt + 8, outcome };
    });
    return { type: 'probe_second', at, probes };
  }

  *#samples(at: number): Generator<EncoreEvent> {
    const hours = (at - this.settings.startsAt) / 3_600_000;
    const waves = 6 * megabyte * Math.sin(at / 60_000) + megabyte * this.#random.next();
    const sizes = {
      server: 190 * megabyte + waves + hours * this.settings.leakBytesPerHour,
      postgres: 90 * megabyte,
      toxiproxy: 24 * megabyte,
    };
    for (const [target, memoryBytes] of Object.entries(sizes)) {
      yield {
        type: 'target_sampled',
        at,
        target,
        memoryBytes,
        memoryLimitBytes: 512 * megabyte,
        cpuSeconds: hours * 900,
      };
    }
  }

  #summary(at: number): EncoreEvent {
    const percentiles = { count: 1_000, p50: 19.2, p90: 41.7, p99: 74, p999: 160.5, max: 812.4 };
    const row = { ok: 1_000, failed: 3, unknown: 0, cancelled: 0, serviceMs: percentiles, responseMs: percentiles };
    const operations = { create: row, analyze: row, modify: row, export: row, heavy: row };
    return { type: 'load_summary', at, operations, attempts: {} };
  }
}

function phase(name: Phase, at: number): EncoreEvent {
  return { type: 'phase_entered', at, phase: name };
}

/** Operations over their kinds; what does not divide goes to analyze. */
function spread(ok: number, failed: number): Extract<EncoreEvent, { type: 'load_second' }>['operations'] {
  const rows = {
    create: part('create', ok),
    modify: part('modify', ok),
    export: part('export', ok),
    heavy: part('heavy', ok),
  };
  const others = rows.create.ok + rows.modify.ok + rows.export.ok + rows.heavy.ok;
  return { ...rows, analyze: { ok: ok - others, failed, unknown: 0, cancelled: 0 } };
}

function part(
  kind: keyof typeof operationShares,
  ok: number,
): { ok: number; failed: number; unknown: number; cancelled: number } {
  return { ok: Math.floor(ok * operationShares[kind]), failed: 0, unknown: 0, cancelled: 0 };
}
