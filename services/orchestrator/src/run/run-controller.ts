/** Drives a run through its phases and does the work of each. Transitions: phase.ts. */
import { describeError, messageOf, waitUntil } from '@encore/kit';
import { Background } from './loops/background.ts';
import { type Ending, nextPhase, type PhaseEvent, type PhaseState } from './phase.ts';
import { closeRun } from './phases/close-run.ts';
import { coolDown } from './phases/cooldown.ts';
import { measureCapacity } from './phases/measure-capacity.ts';
import { openRun } from './phases/open-run.ts';
import { readBack } from './phases/read-back.ts';
import { type PreflightLimits, preflight } from './preflight/preflight.ts';
import type { RunContext } from './run-context.ts';

const serverReadyMs = 60_000;

export class RunController {
  readonly #context: Omit<RunContext, 'abort' | 'stop'>;
  readonly #limits: PreflightLimits;
  #state: PhaseState = { phase: 'preflight' };
  #interruptPhase: ((event: PhaseEvent) => void) | null = null;
  #pendingInterrupt: PhaseEvent | null = null;
  #background: Background | null = null;
  #rampStartedAt = 0;

  constructor(context: Omit<RunContext, 'abort' | 'stop'>, limits: PreflightLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  /** Ends the run early; cleanup and report still follow. */
  stop(reason: string): void {
    this.#interrupt({ type: 'stop', reason });
  }

  async run(): Promise<Ending> {
    const { record, clock, logger, progress } = this.#context;
    while (this.#state.phase !== 'over') {
      const { phase } = this.#state;
      record.add({ type: 'phase_entered', at: clock.now(), phase });
      const event = await this.#workOrInterrupt();
      // Preflight failures are printed with the refusal.
      if (event.type === 'broke' && phase !== 'preflight') {
        logger.warn({ phase, reason: event.reason }, 'phase failed');
        progress.print(`ERROR in phase ${phase}: ${event.reason}`);
      }
      if (event.type === 'stop') record.add({ type: 'stop_requested', at: clock.now(), reason: event.reason });
      this.#state = nextPhase(this.#state, event);
    }
    return this.#state.ending;
  }

  #interrupt(event: PhaseEvent): void {
    if (this.#interruptPhase !== null) this.#interruptPhase(event);
    else this.#pendingInterrupt ??= event;
  }

  async #workOrInterrupt(): Promise<PhaseEvent> {
    const controller = new AbortController();
    const interrupted = new Promise<PhaseEvent>((resolve) => {
      this.#interruptPhase = resolve;
      if (this.#pendingInterrupt !== null) resolve(this.#pendingInterrupt);
      this.#pendingInterrupt = null;
    });
    const work = this.#work(controller.signal).then(
      (): PhaseEvent => ({ type: 'done' }),
      (error: unknown): PhaseEvent => ({ type: 'broke', reason: this.#reasonOf(error) }),
    );
    // The last phase is not interruptible: it is bounded, and the report depends on it.
    const event = await (this.#state.phase === 'close' ? work : Promise.race([work, interrupted]));
    this.#interruptPhase = null;
    controller.abort(new Error('the phase was left'));
    // Interrupted work must finish before the next phase begins.
    await work;
    return event;
  }

  /** Users read the reason of a refusal, so it carries no error code. */
  #reasonOf(error: unknown): string {
    return this.#state.phase === 'preflight' ? messageOf(error) : describeError(error);
  }

  async #work(signal: AbortSignal): Promise<void> {
    const state = this.#state;
    const context: RunContext = {
      ...this.#context,
      abort: (reason) => this.#interrupt({ type: 'broke', reason }),
      stop: (reason) => this.stop(reason),
    };
    const { clock, clients, runId, plan, config } = context;
    switch (state.phase) {
      case 'preflight': {
        const print = (text: string) => context.progress.print(text);
        const engine = await preflight({ ...context, print }, this.#limits, signal);
        this.#background = new Background(context, await openRun(context, engine));
        return;
      }
      case 'startup': {
        const background = this.#requireBackground();
        background.start();
        background.startSupervisor();
        const isReady = () => background.serverWatchers.ready;
        const serverReady = () =>
          waitUntil('the server to be ready', isReady, { timeoutMs: serverReadyMs, signal, clock });
        await serverReady();
        await measureCapacity(context, signal);
        return void (await serverReady());
      }
      case 'ramp': {
        this.#rampStartedAt = clock.now();
        const { seed, users, rampSeconds, load } = config;
        await clients.startLoad({ runId, seed, users, rampSeconds, load }, { signal });
        this.#requireBackground().startLoadLease();
        return await clock.sleep(this.#rampStartedAt + rampSeconds * 1_000 - clock.now(), signal);
      }
      case 'steady': {
        const steadyStartsAt = clock.now();
        this.#requireBackground().steadyStartsAt = steadyStartsAt;
        await clients.startChaos(runId, plan, steadyStartsAt, { signal });
        return await clock.sleep(steadyStartsAt + plan.steadySeconds * 1_000 - clock.now(), signal);
      }
      case 'cooldown':
        return await coolDown(context, this.#requireBackground(), state.ending, signal);
      case 'read-back':
        return await readBack(context, this.#requireBackground(), signal);
      case 'close':
        return await closeRun(context, this.#requireBackground(), state.ending);
      case 'over':
        return;
    }
  }

  #requireBackground(): Background {
    if (this.#background === null) throw new Error('a phase started before preflight was complete');
    return this.#background;
  }
}
