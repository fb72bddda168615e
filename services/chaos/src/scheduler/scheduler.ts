/**
 * Runs a plan: sleeps until each fault's time, has it injected, and has it reverted at its end. It keeps nothing on disk:
 * after a restart the orchestrator posts the same schedule again, and the faults that were missed are recorded as skipped.
 */
import type { PlannedFault, ScheduleRequest, ScheduleStatus } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type Logger } from '@encore/kit';
import type { InjectResult } from '../injector/fault-keeper.ts';
import type { Injector } from '../injector/injector.ts';
import type { Recorder } from '../injector/recorder.ts';
import type { SchedulerMetrics } from './metrics.ts';

interface Parts {
  injector: Pick<Injector, 'inject' | 'release' | 'wasInjected'>;
  recorder: Pick<Recorder, 'log' | 'mention'>;
  metrics: SchedulerMetrics;
  clock: Clock;
  logger: Logger;
}

/** A fault that could not be asked for within this time is skipped; the plan's gaps would not hold. */
const maxLateMs = 2_000;
/** Timers fire a little late and never early; the rest of the way is walked in small steps. */
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
  readonly #parts: Parts;
  #run: Run | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Idempotent per run: the orchestrator posts the schedule again after it lost contact. */
  begin(request: ScheduleRequest): void {
    const running = this.#run;
    if (running && !running.stop.signal.aborted && running.done < running.plan.faults.length) {
      if (running.runId === request.runId) return;
      throw new EncoreError('RUN_HELD', `the schedule of run ${running.runId} is running`, {
        status: 409,
        definite: true,
      });
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
    run.stop.abort(new EncoreError('STOPPED', 'the run was stopped', { status: 409, definite: true }));
    await run.finished;
  }

  status(): ScheduleStatus {
    const run = this.#run;
    const { boot } = this.#parts.recorder.log;
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
        if (!this.#parts.injector.wasInjected(fault.id))
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

  /** Ends after the fault is reverted, also when the run is stopped. */
  async #live(run: Run, fault: PlannedFault, dueAt: number): Promise<void> {
    run.current.set(fault.id, fault);
    const injectedAt = await this.#inject(run, fault, dueAt);
    if (injectedAt !== null) await this.#hold(run, fault, injectedAt);
  }

  /** The moment of injection, or null when the fault is not active. */
  async #inject(run: Run, fault: PlannedFault, dueAt: number): Promise<number | null> {
    const { clock, metrics, recorder, logger } = this.#parts;
    // Not written to disk first: that would make the injection late.
    recorder.mention({ type: 'fault_due', faultId: fault.id, plannedAt: dueAt });
    for (;;) {
      try {
        const result = await this.#tryInject(run, fault);
        metrics.injected(Math.max(0, result.injectedAt - dueAt) / 1_000);
        if (result.bit === 'unsupported') this.#skip(fault, result.evidence, true);
        return result.over ? null : result.injectedAt;
      } catch (error) {
        const definite = error instanceof EncoreError && error.definite;
        logger.warn({ fault: fault.id, err: describeError(error) }, 'a fault was not injected');
        // The engine or Toxiproxy may respond again in a moment; a refusal is final.
        const late = clock.now() - dueAt > maxLateMs || run.stop.signal.aborted;
        if (definite || late) {
          this.#skip(fault, describeError(error));
          if (!definite) await this.#release(fault);
          return null;
        }
        await clock.sleep(retryMs);
      }
    }
  }

  /** The effect check may take long. A stop of the run does not wait for it: the fault is reverted at once. */
  async #tryInject(run: Run, fault: PlannedFault): Promise<InjectResult> {
    const { signal } = run.stop;
    const release = () => void this.#release(fault);
    signal.addEventListener('abort', release, { once: true });
    try {
      return await this.#parts.injector.inject({ runId: run.runId, fault });
    } finally {
      signal.removeEventListener('abort', release);
    }
  }

  /** Until the fault's time is over or the run is stopped. */
  async #hold(run: Run, fault: PlannedFault, injectedAt: number): Promise<void> {
    await sleepUntil(this.#parts.clock, injectedAt + fault.durationSeconds * 1_000, run.stop.signal).catch(() => {});
    await this.#release(fault);
  }

  async #release(fault: PlannedFault): Promise<void> {
    const { injector, logger } = this.#parts;
    try {
      const { verified, evidence } = await injector.release(fault.id);
      if (!verified) logger.error({ fault: fault.id, evidence }, 'the revert is not verified; it will be retried');
    } catch (error) {
      logger.warn({ fault: fault.id, err: describeError(error) }, 'a fault could not be released');
    }
  }

  #skip(fault: PlannedFault, reason: string, unsupported = false): void {
    const { metrics, recorder } = this.#parts;
    metrics.skipped(fault.kind);
    const { id: faultId, kind, target } = fault;
    recorder.mention({ type: 'fault_skipped', faultId, kind, target, reason, unsupported });
  }
}

/** One long sleep, then the last stretch on its own, so that a timer that was set hours ago does not decide the moment. */
async function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - clock.now(); left > 0; left = at - clock.now()) {
    await clock.sleep(left > coarseMs ? Math.min(left - coarseMs, 60_000) : left, signal);
  }
}
