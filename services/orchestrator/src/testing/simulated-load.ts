/** Events of the users, probes, load generator and sampler for each second of a simulated run. */
import type { EncoreEvent, Outcome } from '@encore/contracts';
import { Random, runsProxies } from '@encore/kit';
import { activeIn, addedLatencyAt, errorAt, isShed, type SimulatedFault } from './simulated-fault.ts';
import type { Simulation } from './simulation.ts';

const megabyte = 1_048_576;
const listedPerSecond = 80;
const operationShares = { create: 0.285, analyze: 0.381, modify: 0.19, export: 0.095, heavy: 0.049 } as const;

export class SimulatedLoad {
  readonly #settings: Simulation;
  readonly #steadyAt: number;
  readonly #random: Random;

  constructor(settings: Simulation, steadyAt: number) {
    this.#settings = settings;
    this.#steadyAt = steadyAt;
    this.#random = new Random(settings.seed);
  }

  /** Seconds of the ramp are negative. */
  *second(second: number): Generator<EncoreEvent> {
    const { unseen, operationsPerSecond, probesPerSecond, strayFailures, users, rampSeconds } = this.#settings;
    const at = this.#steadyAt + second * 1_000;
    if (second % 5 === 0) yield* this.#samples(at);
    if (unseen !== null && second >= unseen.from && second < unseen.to) return;
    const ramped = second < 0 ? (second + rampSeconds + 1) / rampSeconds : 1;
    const due = Math.round(operationsPerSecond * ramped);
    const active = activeIn(second, this.#settings.faults);
    const counts = { ok: 0, failed: 0 };
    const attempts: Partial<Record<Outcome, number>> = {};
    const stray = second >= 0 ? strayFailures : 0;
    if (active.length === 0 && stray === 0) {
      counts.ok = due;
      attempts.ok = due;
    } else {
      for (let number = 0; number < due; number += 1) {
        const startedAt = at + (number / due) * 1_000;
        const outcome = this.#outcome(number, startedAt, active) ?? (number < stray ? 'server_error' : 'ok');
        attempts[outcome] = (attempts[outcome] ?? 0) + 1;
        counts[outcome === 'ok' ? 'ok' : 'failed'] += 1;
        // Like the real load generator, list a limited number of failures and count the others.
        if (outcome !== 'ok' && counts.failed <= listedPerSecond) {
          yield this.#failure(second * 10_000 + number, startedAt, outcome);
        }
      }
    }
    yield this.#probes(at, probesPerSecond, active);
    const p50 = 18 + 4 * this.#random.next() + addedLatencyAt(at, active, this.#steadyAt);
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
        lateStarts: this.#settings.lateStarts,
        starts: due * 10,
        eventLoopDelayP99Ms: this.#settings.eventLoopDelayP99Ms,
        workloadDelayP99Ms: this.#settings.workloadDelayP99Ms,
        cpuShare: this.#settings.cpuShare,
        memoryBytes,
      };
    }
  }

  #outcome(number: number, at: number, active: SimulatedFault[]): Outcome | null {
    return errorAt(at, active, this.#steadyAt) ?? (isShed(number, at, active, this.#steadyAt) ? 'shed' : null);
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
      const outcome = this.#outcome(number, dueAt, active) ?? ('ok' as const);
      return { dueAt, endedAt: dueAt + 8 + addedLatencyAt(dueAt, active, this.#steadyAt), outcome };
    });
    return { type: 'probe_second', at, probes };
  }

  *#samples(at: number): Generator<EncoreEvent> {
    const hours = (at - this.#settings.startsAt) / 3_600_000;
    const waves = 6 * megabyte * Math.sin(at / 60_000) + megabyte * this.#random.next();
    const { system, leakBytesPerHour } = this.#settings;
    for (const target of Object.keys(system.containers)) {
      const ofServer = 190 * megabyte + waves + hours * leakBytesPerHour;
      const ofOthers = (runsProxies(system, target) ? 24 : 90) * megabyte;
      yield {
        type: 'target_sampled',
        at,
        target,
        memoryBytes: target === system.recoveryOf ? ofServer : ofOthers,
        memoryLimitBytes: 512 * megabyte,
        cpuSeconds: hours * 900,
      };
    }
  }

  summary(at: number): EncoreEvent {
    const percentiles = { count: 1_000, p50: 19.2, p90: 41.7, p99: 74, p999: 160.5, max: 812.4 };
    const row = {
      ok: 1_000,
      failed: 3,
      unknown: 0,
      cancelled: 0,
      skipped: 0,
      serviceMs: percentiles,
      responseMs: percentiles,
    };
    const operations = { create: row, analyze: row, modify: row, export: row, heavy: row };
    return { type: 'load_summary', at, operations, attempts: {} };
  }
}

/** Distributes operations over their kinds; the remainder goes to analyze. */
function spread(ok: number, failed: number): Extract<EncoreEvent, { type: 'load_second' }>['operations'] {
  const rows = {
    create: part('create', ok),
    modify: part('modify', ok),
    export: part('export', ok),
    heavy: part('heavy', ok),
  };
  const others = rows.create.ok + rows.modify.ok + rows.export.ok + rows.heavy.ok;
  return { ...rows, analyze: { ok: ok - others, failed, unknown: 0, cancelled: 0, skipped: 0 } };
}

function part(
  kind: keyof typeof operationShares,
  ok: number,
): { ok: number; failed: number; unknown: number; cancelled: number; skipped: number } {
  return { ok: Math.floor(ok * operationShares[kind]), failed: 0, unknown: 0, cancelled: 0, skipped: 0 };
}
