/** Drives a run through its phases and does the work of each. Transitions: phase.ts. */
import { describeError, messageOf } from '@encore/kit';
import type { RunView } from '../progress/run-view.ts';
import { Interrupts } from './interrupts.ts';
import { Background, type LoopLimits } from './loops/background.ts';
import { type Ending, type Interrupt, nextPhase, type PhaseEvent, type PhaseState } from './phase.ts';
import { closeRun } from './phases/close-run.ts';
import { coolDown } from './phases/cooldown.ts';
import { measureCapacity } from './phases/measure-capacity.ts';
import { openRun } from './phases/open-run.ts';
import { readBack } from './phases/read-back.ts';
import { type PreflightLimits, preflight } from './preflight/preflight.ts';
import type { RunContext } from './run-context.ts';

const serverReadyMs = 60_000;

export interface RunLimits extends LoopLimits {
  preflight: PreflightLimits;
}

export class RunController {
  readonly #context: RunContext;
  readonly #view: RunView;
  readonly #limits: RunLimits;
  #state: PhaseState = { phase: 'preflight' };
  readonly #interrupts = new Interrupts();
  #background: Background | null = null;

  constructor(context: RunContext, view: RunView, limits: RunLimits) {
    this.#context = context;
    this.#view = view;
    this.#limits = limits;
  }

  /** Ends the run early; cleanup and report still follow. */
  stop(reason: string): void {
    this.#interrupts.raise({ type: 'stop', reason });
  }

  async run(): Promise<Ending> {
    const { history, clock, print } = this.#context;
    while (this.#state.phase !== 'over') {
      const { phase } = this.#state;
      history.add({ type: 'phase_entered', at: clock.now(), phase });
      const event = await this.#workOrInterrupt();
      // Preflight failures are printed with the refusal.
      if (event.type === 'broke' && phase !== 'preflight') {
        print(`ERROR in phase ${phase}: ${event.reason}`);
      }
      if (event.type === 'stop') history.add({ type: 'stop_requested', at: clock.now(), reason: event.reason });
      this.#state = nextPhase(this.#state, event);
    }
    return this.#state.ending;
  }

  async #workOrInterrupt(): Promise<PhaseEvent> {
    const controller = new AbortController();
    const work = this.#work(controller.signal).then(
      (): PhaseEvent => ({ type: 'done' }),
      (error: unknown): PhaseEvent => ({ type: 'broke', reason: this.#reasonOf(error) }),
    );
    // The last phase is not interruptible: it is bounded, and the report depends on it.
    if (this.#state.phase === 'close') return await work;
    const event = await Promise.race([work, this.#interrupts.beginPhase()]);
    this.#interrupts.endPhase();
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
    const context = this.#context;
    const { clock, clients, run } = context;
    const { plan, config } = run;
    switch (state.phase) {
      case 'preflight': {
        const interrupt = (event: Interrupt) => this.#interrupts.raise(event);
        const engine = await preflight(context, this.#limits.preflight, signal);
        await openRun(context, engine, interrupt);
        this.#background = new Background(context, { view: this.#view, limits: this.#limits, interrupt });
        return;
      }
      case 'startup': {
        const background = this.#requireBackground();
        background.start();
        background.startSupervisor();
        await background.untilServerReady(serverReadyMs, signal);
        await measureCapacity(context, signal);
        return await background.untilServerReady(serverReadyMs, signal);
      }
      case 'ramp': {
        const rampStartedAt = clock.now();
        const { seed, users, rampSeconds, load } = config;
        await clients.startLoad({ runId: run.id, seed, users, rampSeconds, load }, { signal });
        this.#requireBackground().startLoadLease();
        return await clock.sleep(rampStartedAt + rampSeconds * 1_000 - clock.now(), signal);
      }
      case 'steady': {
        const steadyStartsAt = clock.now();
        this.#requireBackground().steadyStartsAt = steadyStartsAt;
        await clients.startChaos(run.id, plan, steadyStartsAt, { signal });
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
