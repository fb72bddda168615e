/**
 * Runs a plan: sleeps to each fault's time, asks the guard for it, renews its lease, releases it at its end. It keeps nothing on
 * disk: a scheduler that was killed is given the same run again and says which faults it missed.
 */
import type { ChaosRunRequest, ChaosStatus, EncoreEvent, InjectAnswer, PlannedFault } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type EventLog, type Logger } from '@encore/kit';
import type { GuardClient } from './guard-client.ts';
import type { ChaosMetrics } from './metrics.ts';

interface Parts {
  guard: GuardClient;
  events: EventLog;
  metrics: ChaosMetrics;
  clock: Clock;
  logger: Logger;
}

const leaseTtlMs = 5_000;
const renewEveryMs = 1_000;
/** A fault that could not be asked for within this time is skipped; the plan's gaps would not hold. */
const maxLateMs = 2_000;
/** Timers fire a little late and never early; the rest of the way is walked in small steps. */
const coarseMs = 25;
const retryMs = 100;

interface Run extends ChaosRunRequest {
  stop: AbortController;
  finished: Promise<void>;
  done: number;
  current: Map<string, PlannedFault>;
  next: number;
}

export class Scheduler {
  readonly #parts: Parts;
  #run: Run | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The same run again is no second run: the orchestrator repeats it to a scheduler that it lost sight of. */
  begin(request: ChaosRunRequest): void {
    const running = this.#run;
    if (running && !running.stop.signal.aborted && running.done < running.plan.faults.length) {
      if (running.runId === request.runId) return;
      throw new EncoreError('RUN_HELD', `run ${running.runId} is on`, { status: 409, definite: true });
    }
    const faults = request.plan.faults.toSorted((a, b) => a.atSeconds - b.atSeconds);
    const run: Run = {
      ...request,
      plan: { ...request.plan, faults },
      stop: new AbortController(),
      finished: Promise.resolve(),
      done: 0,
      current: new Map(),
      next: 0,
    };
    this.#run = run;
    run.finished = this.#follow(run);
  }

  /** Resolves once nothing is held any more. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (!run) return;
    run.stop.abort(new EncoreError('STOPPED', 'the run was stopped', { status: 409, definite: true }));
    await run.finished;
  }

  status(): ChaosStatus {
    const run = this.#run;
    const { boot } = this.#parts.events;
    if (!run) return { state: 'idle', boot, runId: null, current: [], next: null, done: 0, total: 0 };
    const total = run.plan.faults.length;
    const stopped = run.stop.signal.aborted;
    const over = run.current.size === 0 && (stopped || run.done === total);
    return {
      state: over ? 'done' : stopped ? 'stopping' : 'running',
      boot,
      runId: run.runId,
      current: [...run.current.values()],
      next: stopped ? null : (run.plan.faults[run.next] ?? null),
      done: run.done,
      total,
    };
  }

  /** Faults may overlap, so each lives on its own once its time has come. */
  async #follow(run: Run): Promise<void> {
    const { clock, logger } = this.#parts;
    const lives: Promise<void>[] = [];
    for (const [index, fault] of run.plan.faults.entries()) {
      run.next = index;
      const dueAt = run.steadyStartsAt + fault.atSeconds * 1_000;
      if (clock.now() > dueAt + maxLateMs) {
        this.#skip(fault, 'its time had passed when the scheduler was started');
        run.done += 1;
        continue;
      }
      await sleepUntil(clock, dueAt, run.stop.signal).catch(() => {});
      if (run.stop.signal.aborted) break;
      const life = this.#live(run, fault, dueAt)
        .catch((error: unknown) => logger.error({ fault: fault.id, err: describeError(error) }, 'a fault failed'))
        .finally(() => {
          run.current.delete(fault.id);
          run.done += 1;
        });
      lives.push(life);
    }
    run.next = run.plan.faults.length;
    await Promise.all(lives);
  }

  /** Does not end before the fault is released: an undo is not given up because somebody stopped the run. */
  async #live(run: Run, fault: PlannedFault, dueAt: number): Promise<void> {
    run.current.set(fault.id, fault);
    const injectedAt = await this.#inject(run, fault, dueAt);
    if (injectedAt !== null) await this.#hold(run, fault, injectedAt);
  }

  /** The moment of injection, or null when nothing is held. */
  async #inject(run: Run, fault: PlannedFault, dueAt: number): Promise<number | null> {
    const { clock, metrics, logger } = this.#parts;
    this.#tell({ type: 'fault_due', faultId: fault.id, plannedAt: dueAt, at: clock.now() });
    for (;;) {
      try {
        const answer = await this.#askFor(run, fault);
        metrics.injected(Math.max(0, answer.injectedAt - dueAt) / 1_000);
        if (answer.bit === 'unsupported') this.#skip(fault, answer.evidence, true);
        return answer.over ? null : answer.injectedAt;
      } catch (error) {
        const surelyNot = error instanceof EncoreError && error.definite;
        logger.warn({ fault: fault.id, err: describeError(error) }, 'the guard did not inject');
        // A guard that is just being restarted may still take it; one that refused will not, and one that
        // may have done it knows its id and heals it.
        const late = clock.now() - dueAt > maxLateMs || run.stop.signal.aborted;
        if (surelyNot || late) {
          this.#skip(fault, describeError(error));
          return surelyNot ? null : this.#letGo(fault);
        }
        await clock.sleep(retryMs);
      }
    }
  }

  /** Whether a fault has bitten may take long to see. Somebody who stops the run does not wait for that: it is undone at once. */
  async #askFor(run: Run, fault: PlannedFault): Promise<InjectAnswer> {
    const { signal } = run.stop;
    const letGo = () => void this.#letGo(fault);
    signal.addEventListener('abort', letGo, { once: true });
    try {
      return await this.#parts.guard.inject({ runId: run.runId, fault, ttlMs: leaseTtlMs });
    } finally {
      signal.removeEventListener('abort', letGo);
    }
  }

  async #hold(run: Run, fault: PlannedFault, injectedAt: number): Promise<void> {
    const { guard, clock, logger } = this.#parts;
    const { signal } = run.stop;
    const endsAt = injectedAt + fault.durationSeconds * 1_000;
    while (!signal.aborted && clock.now() < endsAt) {
      try {
        await clock.sleep(Math.min(renewEveryMs, endsAt - clock.now()), signal);
        if (clock.now() < endsAt) await guard.renew(fault.id, leaseTtlMs);
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ fault: fault.id, err: describeError(error) }, 'a lease could not be renewed');
        // Over for the guard is over: it was healed, or the run's lease ended.
        if (error instanceof EncoreError && error.code === 'FAULT_OVER') return;
      }
    }
    await this.#letGo(fault);
  }

  async #letGo(fault: PlannedFault): Promise<null> {
    const { guard, logger } = this.#parts;
    // When the guard cannot be reached, the lease ends by itself.
    const answer = await guard.release(fault.id).catch((error: unknown) => {
      logger.warn({ fault: fault.id, err: describeError(error) }, 'a fault could not be released');
      return null;
    });
    if (answer?.verified === false) logger.error({ fault: fault.id, evidence: answer.evidence }, 'undo not verified');
    return null;
  }

  #skip(fault: PlannedFault, reason: string, unsupported = false): void {
    const { clock, metrics } = this.#parts;
    metrics.skipped(fault.kind);
    const { id: faultId, kind, target } = fault;
    this.#tell({ type: 'fault_skipped', faultId, kind, target, reason, unsupported, at: clock.now() });
  }

  #tell(event: EncoreEvent): void {
    this.#parts.events.add(event);
  }
}

/** One long sleep, then the last stretch on its own, so that a timer that was set hours ago does not decide the moment. */
async function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - clock.now(); left > 0; left = at - clock.now()) {
    await clock.sleep(left > coarseMs ? Math.min(left - coarseMs, 60_000) : left, signal);
  }
}
