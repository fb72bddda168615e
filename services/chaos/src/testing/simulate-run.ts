/**
 * Simulates one run in virtual time: the plan, the real scheduler and the real injector on a fake
 * engine and a fake proxy, and a supervisor that starts a target exited for 2 s. Returns every
 * violation as text; an empty list is success.
 */

import {
  type Actor,
  behaviourOf,
  type EncoreEvent,
  isInstant,
  isKill,
  kindOf,
  type PlannedFault,
  type RunConfig,
  type Target,
} from '@encore/contracts';
import { createLogger, withoutNumber } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import type { Injector } from '../injector/injector.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { FakeLab } from './fake-lab.ts';

const runId = 'simulated';
const supervisorMs = 2_000;
const maxLateMs = 100;

export interface Simulated {
  planHash: string;
  faults: number;
  kills: number;
  problems: string[];
}

const ignore = (_event: EncoreEvent): void => {};

/** `eager`: the supervisor starts a target immediately, so that no restart policy gets its turn. */
export async function simulateRun(
  config: RunConfig,
  { eager = false, system = bundledSystem, onEvent = ignore } = {},
): Promise<Simulated> {
  const plan = makePlan(config, system);
  const lab = new FakeLab(system);
  lab.keepsLines = false;
  const injector = lab.injector();
  const stop = new AbortController();
  void injector.watch.run(stop.signal);
  await injector.tick(0);
  await injector.lease.claim({ runId, ttlMs: 1e9 });
  const before = lab.state();
  const events = new RunChecker(system.entry, config.network.intervalSeconds.min * 1_000);
  injector.recorder.log.add = (event) => {
    onEvent(event);
    events.take(event);
  };
  const scheduler = new Scheduler({
    injector,
    recorder: injector.recorder,
    metrics: { injected: () => {}, skipped: (kind) => void events.problems.push(`${kind} was skipped`) },
    clock: lab.clock,
    logger: createLogger('test', 'silent'),
  });
  supervise(lab, injector, stop.signal, eager);
  const steadyStartsAt = lab.clock.now() + 1_000;
  events.expect(plan.faults, steadyStartsAt);
  scheduler.begin({ runId, plan, steadyStartsAt });
  await lab.clock.advance(plan.steadySeconds * 1_000 + 1_000);
  await lab.clock.until(scheduler.stop());
  stop.abort();
  if (lab.state() !== before) events.problems.push('the lab differs from its state before the run');
  if (injector.registry.open.length > 0) events.problems.push('faults are still active');
  return { planHash: plan.hash, faults: plan.faults.length, kills: events.kills, problems: events.finish() };
}

/** Follows the injector's events and checks each against the plan. */
class RunChecker {
  readonly problems: string[] = [];
  kills = 0;
  readonly #open = new Map<string, string>();
  readonly #planned = new Map<string, PlannedFault>();
  #steadyStartsAt = 0;
  /** Actor that must make the next start. */
  #recoveredBy: Actor | 'none' = 'none';
  readonly #entry: Target;
  readonly #floorMs: number;
  #networkFaultAt = Number.NEGATIVE_INFINITY;
  #revertedAt = Number.NEGATIVE_INFINITY;

  /** `floorMs`: minimum time between the starts of two network faults on the entry. */
  constructor(entry: Target, floorMs: number) {
    this.#entry = entry;
    this.#floorMs = floorMs;
  }

  expect(faults: readonly PlannedFault[], steadyStartsAt: number): void {
    for (const fault of faults) this.#planned.set(fault.id, fault);
    this.#steadyStartsAt = steadyStartsAt;
  }

  take(event: EncoreEvent): void {
    switch (event.type) {
      case 'fault_intended':
        if (this.#open.size > 0) this.problems.push(`${event.faultId} overlaps ${[...this.#open.keys()].join()}`);
        this.#open.set(event.faultId, event.fault.kind);
        if (isInstant(event.fault)) this.#recoveredBy = starterAfter(event.fault);
        break;
      case 'fault_injected':
        this.#injected(event.faultId, event.at);
        break;
      case 'fault_effect_checked':
        if (event.effect !== 'confirmed') this.problems.push(`${event.faultId} had no effect: ${event.evidence}`);
        break;
      case 'fault_reverted':
        if (!event.verified) this.problems.push(`${event.faultId}: revert not verified`);
        this.#open.delete(event.faultId);
        this.#revertedAt = event.at;
        break;
      case 'target_started':
        if (event.actor !== this.#recoveredBy)
          this.problems.push(`a start by ${event.actor} instead of ${this.#recoveredBy}`);
        this.#recoveredBy = 'none';
        break;
      default:
        break;
    }
  }

  finish(): string[] {
    for (const id of this.#planned.keys()) this.problems.push(`${id} was never injected`);
    for (const id of this.#open.keys()) this.problems.push(`${id} was never reverted`);
    return this.problems;
  }

  #injected(id: string, at: number): void {
    const planned = this.#planned.get(id);
    this.#planned.delete(id);
    const lateMs = at - this.#steadyStartsAt - (planned?.atSeconds ?? 0) * 1_000;
    if (!planned || lateMs < -0.001 || lateMs > maxLateMs) this.problems.push(`${id} was ${lateMs} ms late`);
    if (!planned) return;
    this.#spaced(planned, at);
    if (isKill(planned)) this.kills += 1;
  }

  /** Checks distances between actual injections, not planned ones. */
  #spaced(fault: PlannedFault, at: number): void {
    const { id, kind, target } = fault;
    const healthyMs = at - this.#revertedAt;
    if (healthyMs < behaviourOf(fault).healthBeforeSeconds * 1_000)
      this.problems.push(`only ${healthyMs} ms of healthy time before ${id} (${kind})`);
    if (target !== this.#entry) return;
    const spaceMs = at - this.#networkFaultAt;
    if (spaceMs < this.#floorMs - maxLateMs)
      this.problems.push(`${id} came ${spaceMs} ms after the network fault before it`);
    this.#networkFaultAt = at;
  }
}

/** What must start the target after an instant fault. */
function starterAfter(fault: PlannedFault): Actor {
  if (kindOf(fault.kind).needsRestartPolicy === true) return 'restart-policy';
  return isKill(fault) ? 'supervisor' : 'revert';
}

/** As the orchestrator does: starts a target that is exited for 2 s through the injector. */
function supervise(lab: FakeLab, injector: Injector, signal: AbortSignal, eager: boolean): void {
  const started = { runId, actor: 'supervisor' as const, reason: 'exited for 2 s' };
  injector.watch.listen((event) => {
    const name = event.attributes['name'] ?? '';
    if (event.action !== 'die' || withoutNumber(name) !== lab.system.recoveryOf) return;
    if (eager) return void injector.starts.restart(name, started).catch(() => {});
    void lab.clock
      .sleep(supervisorMs, signal)
      .then(async () => {
        if (lab.container(name).status === 'exited') await injector.starts.start(name, started);
      })
      .catch(() => {});
  });
}
