/**
 * A simulated run for tests and benchmarks: the events, plan and ledger that a lab would write.
 * Events are generated second by second from a seed, so that a day needs little memory and is
 * reproducible.
 */
import {
  type EncoreEvent,
  filesVersion,
  type HistoryLine,
  type LedgerEntry,
  type Phase,
  type Plan,
} from '@encore/contracts';
import { canonicalJson, crcHex, encodeLine, plannedSystem, sha256Hex } from '@encore/kit';
import { faultEvents } from './simulated-fault.ts';
import { SimulatedLoad } from './simulated-load.ts';
import { defaultSimulation, type Simulation } from './simulation.ts';

export class SimulatedRun {
  readonly settings: Simulation;
  readonly plan: Plan;
  readonly #load: SimulatedLoad;
  readonly #steadyAt: number;

  constructor(settings: Partial<Simulation> = {}) {
    this.settings = { ...defaultSimulation, ...settings };
    this.#steadyAt = this.settings.startsAt + 2_000 + this.settings.rampSeconds * 1_000;
    this.#load = new SimulatedLoad(this.settings, this.#steadyAt);
    const { seed, rampSeconds, steadySeconds, system } = this.settings;
    const faults = this.settings.faults.map(({ id, kind, target, atSeconds, durationSeconds, params }) => ({
      id,
      kind,
      target,
      atSeconds,
      durationSeconds,
      params,
    }));
    const times = { seed, rampSeconds, steadySeconds };
    const body = {
      version: filesVersion,
      system: plannedSystem(system),
      ...times,
      faults,
      dropped: [],
      bestSuccessRate: 0.99,
    };
    this.plan = { ...body, hash: sha256Hex(canonicalJson(body)) };
  }

  /** Epoch milliseconds of a second of steady. */
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
      const id = `run-u1-${number}`;
      const digest = sha256Hex(id);
      yield { type: 'intended', at, key, user: 1, operation: 'write', id, digest };
      yield { type: 'acknowledged', at, key, id, digest, version: 1 };
    }
    for (let number = 0; number < acknowledged; number += 1) {
      const id = `run-u1-${number}`;
      const isLost = number < lost;
      const found = isLost ? null : sha256Hex(id);
      yield { type: 'read_back', at, key: `key-${number}`, id, found, finding: isLost ? 'lost' : 'intact' };
    }
  }

  /** The ledger as lines of its file. */
  async *ledgerLines(): AsyncGenerator<string> {
    let n = 0;
    for await (const entry of this.ledger()) {
      n += 1;
      yield encodeLine({ ...entry, n });
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
    yield { type: 'server_observed', at: startsAt + 500, port: true, ready: true };
    yield phase('ramp', startsAt + 2_000);
    const endSecond = Math.min(steadySeconds, interruptedAfter ?? steadySeconds);
    for (let second = -rampSeconds; second < endSecond; second += 1) {
      if (second === 0) yield phase('steady', this.at(0));
      for (const fault of faults)
        if (Math.floor(fault.atSeconds) === second) yield* faultEvents(fault, this.plan, this.#steadyAt);
      for (const event of extra) if (Math.floor((event.at - this.at(0)) / 1_000) === second) yield event;
      yield* this.#load.second(second);
    }
    yield* this.#end(endSecond);
  }

  *#end(endSecond: number): Generator<EncoreEvent> {
    const at = this.at(endSecond);
    const interrupted = this.settings.interruptedAfter !== null;
    if (interrupted) yield { type: 'stop_requested', at, reason: 'Ctrl-C' };
    yield phase('cooldown', at);
    for (let second = endSecond; second < endSecond + 3; second += 1) yield* this.#load.second(second);
    const { acknowledged, lost } = this.settings;
    if (!interrupted) {
      yield phase('read-back', at + 3_000);
      yield {
        type: 'engine_event',
        at: at + 3_100,
        engineAt: at + 3_090,
        target: this.plan.system.recoveryOf,
        action: 'kill',
        signal: 'SIGTERM',
      };
      yield {
        type: 'engine_event',
        at: at + 3_400,
        engineAt: at + 3_390,
        target: this.plan.system.recoveryOf,
        action: 'die',
        exitCode: 0,
      };
      yield {
        type: 'target_started',
        at: at + 3_900,
        target: this.plan.system.recoveryOf,
        actor: 'supervisor',
        reason: 'read-back',
        requestedAt: at + 3_080,
      };
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
    const clean = { leakedToxics: 0, leakedPauses: 0, limitsNotRestored: 0, externalContainersTouched: 0, detail: [] };
    yield { type: 'hygiene_checked', at: at + 6_500, ...clean };
    yield this.#load.summary(at + 6_600);
    yield phase('close', at + 6_700);
    yield { type: 'run_ended', at: at + 7_000, status: interrupted ? 'interrupted' : 'completed' };
  }
}

function phase(name: Phase, at: number): EncoreEvent {
  return { type: 'phase_entered', at, phase: name };
}
