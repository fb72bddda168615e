/** Leads a run from phase to phase. The transition is pure (phase.ts); here each phase's work is done and its end awaited. */
import { describeError, messageOf, waitUntil } from '@encore/kit';
import { Background } from './background.ts';
import { type Ending, nextPhase, type PhaseEvent, type PhaseState } from './phase.ts';
import { closeRun } from './phases/close-run.ts';
import { heal } from './phases/heal.ts';
import { measureCapacity } from './phases/measure-capacity.ts';
import { openRun } from './phases/open-run.ts';
import { type PreflightLimits, preflight } from './phases/preflight.ts';
import { verify } from './phases/verify.ts';
import type { RunContext } from './run-context.ts';

const serverReadyMs = 60_000;

export class Conductor {
  readonly #context: Omit<RunContext, 'abort' | 'stop'>;
  readonly #limits: PreflightLimits;
  #state: PhaseState = { phase: 'preflight' };
  #disturb: ((event: PhaseEvent) => void) | null = null;
  #waiting: PhaseEvent | null = null;
  #background: Background | null = null;
  #rampStartedAt = 0;

  constructor(context: Omit<RunContext, 'abort' | 'stop'>, limits: PreflightLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  /** Ends the run early, with all that belongs to an end. */
  stop(reason: string): void {
    this.#interrupt({ type: 'stop', reason });
  }

  async run(): Promise<Ending> {
    const { record, clock, logger, progress } = this.#context;
    while (this.#state.phase !== 'over') {
      const { phase } = this.#state;
      record.add({ type: 'phase_entered', at: clock.now(), phase });
      const event = await this.#workOrDisturbance();
      // The reason of a refusal in preflight is printed with it.
      if (event.type === 'broke' && phase !== 'preflight') {
        logger.warn({ phase, reason: event.reason }, 'phase broke off');
        progress.say(`ERROR in phase ${phase}: ${event.reason}`);
      }
      if (event.type === 'stop') record.add({ type: 'stop_requested', at: clock.now(), reason: event.reason });
      this.#state = nextPhase(this.#state, event);
    }
    return this.#state.ending;
  }

  #interrupt(event: PhaseEvent): void {
    if (this.#disturb !== null) this.#disturb(event);
    else this.#waiting ??= event;
  }

  async #workOrDisturbance(): Promise<PhaseEvent> {
    const controller = new AbortController();
    const disturbed = new Promise<PhaseEvent>((resolve) => {
      this.#disturb = resolve;
      if (this.#waiting !== null) resolve(this.#waiting);
      this.#waiting = null;
    });
    const worked = this.#work(controller.signal).then(
      (): PhaseEvent => ({ type: 'done' }),
      (error: unknown): PhaseEvent => ({ type: 'broke', reason: this.#reasonOf(error) }),
    );
    // The last phase is not disturbed: it is bounded, and without it there is no report.
    const event = await (this.#state.phase === 'report' ? worked : Promise.race([worked, disturbed]));
    this.#disturb = null;
    controller.abort(new Error('the phase was left'));
    await worked;
    return event;
  }

  /** A refusal is read by people, who need no code. */
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
    const { clock, peers, runId, plan, config } = context;
    switch (state.phase) {
      case 'preflight': {
        const say = (text: string) => context.progress.say(text);
        const engine = await preflight({ ...context, say }, this.#limits, signal);
        this.#background = new Background(context, await openRun(context, engine));
        return;
      }
      case 'startup': {
        const background = this.#need();
        background.start();
        background.startSupervisor();
        const isReady = () => background.watch.sight?.ready === true;
        const serverReady = () =>
          waitUntil('the server to be ready', isReady, { timeoutMs: serverReadyMs, signal, clock });
        await serverReady();
        await measureCapacity(context, signal);
        return void (await serverReady());
      }
      case 'ramp': {
        this.#rampStartedAt = clock.now();
        const { seed, users, rampSeconds, load } = config;
        await peers.startLoad({ runId, seed, users, rampSeconds, load }, { signal });
        this.#need().startLoadLease();
        return await clock.sleep(this.#rampStartedAt + rampSeconds * 1_000 - clock.now(), signal);
      }
      case 'steady': {
        const steadyStartsAt = clock.now();
        this.#need().steadyStartsAt = steadyStartsAt;
        await peers.startChaos(runId, plan, steadyStartsAt, { signal });
        return await clock.sleep(steadyStartsAt + plan.steadySeconds * 1_000 - clock.now(), signal);
      }
      case 'heal':
        return await heal(context, this.#need(), state.ending, signal);
      case 'verify':
        return await verify(context, this.#need(), signal);
      case 'report':
        return await closeRun(context, this.#need(), state.ending);
      case 'over':
        return;
    }
  }

  #need(): Background {
    if (this.#background === null) throw new Error('a phase began before preflight was over');
    return this.#background;
  }
}
