/**
 * Detects an engine that does not respond. If its event stream ends too, containers are not
 * observed in the meantime, and the history must record the gap; an engine that only hangs delivers
 * its events later. After 15 s the process exits: a restarted engine has a new socket, which a
 * container sees only after its own restart. If this process itself did not run, because it was
 * paused or starved of CPU, the gap is its own and not the engine's.
 */
import { describeError } from '@encore/kit';
import type { InjectorContext } from './injector-context.ts';

interface Dependencies extends Pick<InjectorContext, 'tools' | 'recorder' | 'clock' | 'deadline' | 'logger' | 'inRun'> {
  /**
   * End of the recorded part of a loss that was ongoing when an earlier process ended, in epoch
   * milliseconds; null for none.
   */
  lostUntil: number | null;
  /** Ends the process. */
  giveUp: (reason: string) => void;
}

const everyMs = 1_000;
const callMs = 3_000;
/** A single slow response is not a loss. */
const toleratedMs = 3_000;
/** The engine also resolves names: for a client, a lookup fails after 5 s. */
const hangMs = 5_000;
const giveUpAfterMs = 15_000;
/** A check takes at most `callMs`, and the next one comes `everyMs` later, unless we do not run. */
const stallMs = everyMs + callMs + 1_000;

export class EngineHealth {
  readonly #dependencies: Dependencies;
  #respondedAt: number;
  #checkedAt: number;
  #responds = true;
  /** True while the record contains a loss without an end. */
  #isLost: boolean;
  /**
   * There has been a run since the last response: its lease may end while the engine, which
   * resolves names, is gone.
   */
  #wasInRun: boolean;
  #gaveUp = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#checkedAt = dependencies.clock.now();
    this.#respondedAt = dependencies.lostUntil ?? this.#checkedAt;
    this.#isLost = dependencies.lostUntil !== null;
    this.#wasInRun = this.#isLost;
  }

  get responds(): boolean {
    return this.#responds;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#checkedAt = this.#dependencies.clock.now();
    while (!signal.aborted && !this.#gaveUp) {
      await this.check();
      await this.#dependencies.clock.sleep(everyMs, signal).catch(() => {});
    }
  }

  async check(): Promise<void> {
    const { tools, clock, deadline, logger, inRun, giveUp } = this.#dependencies;
    const since = this.#respondedAt;
    this.#wasInRun ||= inRun();
    const checkedBefore = this.#checkedAt;
    try {
      await tools.engine.list(tools.targets.project, deadline(callMs));
    } catch (error) {
      this.#responds = false;
      const now = clock.now();
      this.#checkedAt = now;
      // The engine has not had enough time to respond: only the next check shows whether it is
      // gone.
      if (now - checkedBefore > stallMs) return this.#recordStall(checkedBefore);
      if (now - since < giveUpAfterMs) return;
      const reason = `the container engine has not responded for ${Math.round((now - since) / 1_000)} s`;
      logger.fatal({ err: describeError(error) }, reason);
      await this.#recordLoss(since, reason, true);
      this.#gaveUp = true;
      return giveUp(reason);
    }
    this.#respondedAt = clock.now();
    this.#checkedAt = this.#respondedAt;
    this.#responds = true;
    const silentMs = this.#respondedAt - since;
    if (this.#checkedAt - checkedBefore > stallMs) await this.#recordStall(checkedBefore);
    else if (this.#isLost || (silentMs > toleratedMs && tools.watch.brokeOffAt >= since))
      await this.#recordLoss(since, 'the container engine did not respond', false);
    else if (silentMs > toleratedMs) {
      logger.warn({ silentMs }, 'the container engine was slow; none of its events were lost');
      if (silentMs > hangMs) await this.#recordHang(since);
    }
    this.#wasInRun = inRun();
  }

  /**
   * Records that from now on nothing is observed: this process is being stopped in the middle of a
   * run.
   */
  async stopped(): Promise<void> {
    const reason =
      'the chaos service was stopped in the middle of a run: the container engine or the lab is shutting down';
    await this.#recordLoss(this.#dependencies.clock.now(), reason, true);
  }

  /**
   * Records the time in which this process did not run: the engine drops events that a subscriber
   * does not fetch, and no fault was reverted.
   */
  async #recordStall(fromAt: number): Promise<void> {
    this.#respondedAt = this.#checkedAt;
    const seconds = Math.round((this.#checkedAt - fromAt) / 1_000);
    const reason = `the chaos service did not run for ${seconds} s: it was paused or starved of CPU`;
    this.#dependencies.logger.warn(reason);
    await this.#recordLoss(fromAt, reason, false);
  }

  /** Records a hang: no event is missing, but it explains what users saw in the meantime. */
  async #recordHang(fromAt: number): Promise<void> {
    if (!this.#wasInRun) return;
    const reason = 'the container engine, which also resolves names, hung; its events arrived later';
    await this.#dependencies.recorder.record({ type: 'injector_failed', reason, fromAt, toAt: this.#respondedAt });
  }

  async #recordLoss(fromAt: number, reason: string, ongoing: boolean): Promise<void> {
    const { recorder, clock, inRun } = this.#dependencies;
    if (!this.#wasInRun && !inRun()) return;
    this.#isLost = ongoing;
    await recorder.record({ type: 'engine_lost', fromAt, toAt: clock.now(), ongoing, reason });
  }
}
