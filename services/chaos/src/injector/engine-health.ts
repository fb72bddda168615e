/**
 * Notices an engine that no longer responds. If the stream of its events breaks off too, what happens to containers meanwhile is not
 * observed, and the history must say so; an engine that only hangs delivers its events later.
 * After 15 s the process ends: an engine that was restarted has a new socket, and a container sees it only after its own restart.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Engine } from './engine.ts';
import type { EngineWatch } from './engine-watch.ts';
import type { Deadline } from './fault-hands.ts';
import type { Recorder } from './recorder.ts';

interface Parts {
  engine: Engine;
  watch: EngineWatch;
  project: string;
  recorder: Recorder;
  clock: Clock;
  deadline: Deadline;
  logger: Logger;
  inRun: () => boolean;
  /** Until when a loss is recorded that a former process did not see the end of; null: there is none. */
  lostUntil: number | null;
  /** Ends the process. */
  giveUp: (reason: string) => void;
}

const everyMs = 1_000;
const callMs = 3_000;
/** One slow response is not a loss. */
const toleratedMs = 3_000;
/** The engine also resolves names: for a client, a lookup fails after 5 s. */
const hangMs = 5_000;
const giveUpAfterMs = 15_000;

export class EngineHealth {
  readonly #parts: Parts;
  #respondedAt: number;
  #responds = true;
  /** The record says that the engine is lost, so it must say until when. */
  #isLost: boolean;
  /**
   * There was a run since the last response: its lease may end while the engine, which resolves
   * names, is gone.
   */
  #wasInRun: boolean;
  #gaveUp = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#respondedAt = parts.lostUntil ?? parts.clock.now();
    this.#isLost = parts.lostUntil !== null;
    this.#wasInRun = this.#isLost;
  }

  get responds(): boolean {
    return this.#responds;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#gaveUp) {
      await this.check();
      await this.#parts.clock.sleep(everyMs, signal).catch(() => {});
    }
  }

  async check(): Promise<void> {
    const { engine, watch, project, clock, deadline, logger, inRun, giveUp } = this.#parts;
    const since = this.#respondedAt;
    this.#wasInRun ||= inRun();
    try {
      await engine.list(project, deadline(callMs));
    } catch (error) {
      this.#responds = false;
      const now = clock.now();
      if (now - since < giveUpAfterMs) return;
      const reason = `the container engine has not responded for ${Math.round((now - since) / 1_000)} s`;
      logger.fatal({ err: describeError(error) }, reason);
      await this.#tellLost(since, reason, true);
      this.#gaveUp = true;
      return giveUp(reason);
    }
    this.#respondedAt = clock.now();
    this.#responds = true;
    const silentMs = this.#respondedAt - since;
    if (this.#isLost || (silentMs > toleratedMs && watch.brokeOffAt >= since))
      await this.#tellLost(since, 'the container engine did not respond', false);
    else if (silentMs > toleratedMs) {
      logger.warn({ silentMs }, 'the container engine was slow; no event of it was lost');
      if (silentMs > hangMs) await this.#tellHang(since);
    }
    this.#wasInRun = inRun();
  }

  /** The engine or a person stops this process in the middle of a run: from here on nothing is observed. */
  async stopped(): Promise<void> {
    const reason =
      'the chaos service was stopped in the middle of a run: the container engine or the lab is shutting down';
    await this.#tellLost(this.#parts.clock.now(), reason, true);
  }

  /** No event is missing, but what users saw meanwhile says nothing about the server. */
  async #tellHang(fromAt: number): Promise<void> {
    if (!this.#wasInRun) return;
    const reason = 'the container engine, which also resolves names, hung; its events came later';
    await this.#parts.recorder.tell({ type: 'injector_failed', reason, fromAt, toAt: this.#respondedAt });
  }

  async #tellLost(fromAt: number, reason: string, ongoing: boolean): Promise<void> {
    const { recorder, clock, inRun } = this.#parts;
    if (!this.#wasInRun && !inRun()) return;
    this.#isLost = ongoing;
    await recorder.tell({ type: 'engine_lost', fromAt, toAt: clock.now(), ongoing, reason });
  }
}
