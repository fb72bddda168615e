/**
 * Runs a plan: injects each fault at its time and reverts it at its end. Keeps no state on disk:
 * after a restart the orchestrator posts the same schedule again, and missed faults are recorded as
 * skipped.
 */
import type { PlannedFault, ScheduleRequest, ScheduleStatus } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type Logger } from '@encore/kit';
import type { InjectResult } from '../injector/fault-lifecycle.ts';
import type { Injector } from '../injector/injector.ts';
import type { Recorder } from '../injector/recorder.ts';
import type { SchedulerMetrics } from './metrics.ts';

interface Dependencies {
  injector: Pick<Injector, 'inject' | 'release' | 'wasInjected'>;
  recorder: Pick<Recorder, 'log' | 'recordVolatile'>;
  metrics: SchedulerMetrics;
  clock: Clock;
  logger: Logger;
}

/**
 * A fault that could not be injected within this time is skipped, because a later start would
 * shorten the planned gaps.
 */
const maxLateMs = 2_000;
/** Timers fire late, never early, so the last stretch is slept in small steps. */
const coarseMs = 25;
const retryMs = 100;

interface Run extends ScheduleRequest {
  stop: AbortController;
  finished: Promise<void>;
  done: number;
  current: Map<string, PlannedFault>;
  next: number;
}

export class Scheduler {
  readonly #dependencies: Dependencies;
  #run: Run | null = null;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Idempotent: after losing contact, the orchestrator posts the same schedule again. */
  begin(request: ScheduleRequest): void {
    const running = this.#run;
    if (running && !running.stop.signal.aborted && running.done < running.plan.faults.length) {
      const isSameRun = running.runId === request.runId;
      if (isSameRun && running.plan.hash === request.plan.hash) return;
      const schedule = isSameRun ? 'another schedule' : 'the schedule';
      throw new EncoreError('RUN_HELD', `${schedule} of run ${running.runId} is running; its faults must end first`);
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

  /** Resolves once none of its faults is active. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (!run) return;
    run.stop.abort(new EncoreError('STOPPED', 'the run was stopped'));
    await run.finished;
  }

  status(): ScheduleStatus {
    const run = this.#run;
    const { instanceId } = this.#dependencies.recorder.log;
    if (!run) return { state: 'idle', instanceId, runId: null, current: [], next: null, done: 0, total: 0 };
    const total = run.plan.faults.length;
    const stopped = run.stop.signal.aborted;
    const over = run.current.size === 0 && (stopped || run.done === total);
    return {
      state: over ? 'done' : stopped ? 'stopping' : 'running',
      instanceId,
      runId: run.runId,
      current: [...run.current.values()],
      next: stopped ? null : (run.plan.faults[run.next] ?? null),
      done: run.done,
      total,
    };
  }

  /** Faults may overlap, so each runs independently once its time has come. */
  async #follow(run: Run): Promise<void> {
    const { clock, logger } = this.#dependencies;
    const lives: Promise<void>[] = [];
    for (const [index, fault] of run.plan.faults.entries()) {
      run.next = index;
      const dueAt = run.steadyStartsAt + fault.atSeconds * 1_000;
      if (clock.now() > dueAt + maxLateMs) {
        if (!this.#dependencies.injector.wasInjected(fault.id))
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

  /** Resolves once the fault is reverted, even if the run is stopped. */
  async #live(run: Run, fault: PlannedFault, dueAt: number): Promise<void> {
    run.current.set(fault.id, fault);
    const injectedAt = await this.#inject(run, fault, dueAt);
    if (injectedAt !== null) await this.#hold(run, fault, injectedAt);
  }

  /** Returns the time of injection, or null when the fault is not active. */
  async #inject(run: Run, fault: PlannedFault, dueAt: number): Promise<number | null> {
    const { clock, metrics, recorder, logger } = this.#dependencies;
    // Not written to disk first, because that would delay the injection.
    recorder.recordVolatile({ type: 'fault_due', faultId: fault.id, plannedAt: dueAt });
    for (;;) {
      try {
        const result = await this.#tryInject(run, fault);
        metrics.injected(Math.max(0, result.injectedAt - dueAt) / 1_000);
        if (result.effect === 'unsupported') this.#skip(fault, result.evidence, true);
        return result.over ? null : result.injectedAt;
      } catch (error) {
        const definite = error instanceof EncoreError && error.definite;
        logger.warn({ fault: fault.id, err: describeError(error) }, 'a fault was not injected');
        // An unreachable engine or Toxiproxy may respond on a retry; a refusal is final.
        const late = clock.now() - dueAt > maxLateMs || run.stop.signal.aborted;
        if (definite || late) {
          this.#skip(fault, describeError(error));
          // The failure may have come after the injection, even a definite one.
          if (this.#dependencies.injector.wasInjected(fault.id)) await this.#release(fault);
          return null;
        }
        await clock.sleep(retryMs);
      }
    }
  }

  /**
   * Injects a fault. A stop does not wait for the effect check, which may be slow; it reverts the
   * fault at once.
   */
  async #tryInject(run: Run, fault: PlannedFault): Promise<InjectResult> {
    const { signal } = run.stop;
    const release = () => void this.#release(fault);
    signal.addEventListener('abort', release, { once: true });
    try {
      return await this.#dependencies.injector.inject({ runId: run.runId, fault });
    } finally {
      signal.removeEventListener('abort', release);
    }
  }

  /** Resolves when the fault's duration is over or the run is stopped. */
  async #hold(run: Run, fault: PlannedFault, injectedAt: number): Promise<void> {
    await sleepUntil(this.#dependencies.clock, injectedAt + fault.durationSeconds * 1_000, run.stop.signal).catch(
      () => {},
    );
    await this.#release(fault);
  }

  async #release(fault: PlannedFault): Promise<void> {
    const { injector, logger } = this.#dependencies;
    try {
      await injector.release(fault.id);
    } catch (error) {
      logger.warn({ fault: fault.id, err: describeError(error) }, 'a fault could not be released');
    }
  }

  #skip(fault: PlannedFault, reason: string, unsupported = false): void {
    const { metrics, recorder } = this.#dependencies;
    metrics.skipped(fault.kind);
    const { id: faultId, kind, target } = fault;
    recorder.recordVolatile({ type: 'fault_skipped', faultId, kind, target, reason, unsupported });
  }
}

/**
 * Sleeps once, then in small steps, so that a timer set hours ago does not decide the exact moment.
 */
async function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - clock.now(); left > 0; left = at - clock.now()) {
    await clock.sleep(left > coarseMs ? Math.min(left - coarseMs, 60_000) : left, signal);
  }
}
