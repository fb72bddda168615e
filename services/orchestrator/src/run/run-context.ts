/** What every phase of a run needs, and the record into which all of them write. */
import type { EncoreEvent, Plan, RunConfig } from '@encore/contracts';
import type { Clock, Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { HistoryWriter } from '../history/history-writer.ts';
import type { Progress } from '../progress/progress.ts';
import type { RunView } from '../progress/run-view.ts';
import type { SupervisorLimits } from '../supervisor/supervise.ts';
import type { Peers } from './peers.ts';
import type { StopLimits } from './stop-rules.ts';

export interface RunContext {
  runId: string;
  /** The run's folder: history, ledger and plan, while the run goes on. */
  folder: string;
  startedAt: number;
  config: RunConfig;
  plan: Plan;
  wiring: Wiring;
  peers: Peers;
  clock: Clock;
  logger: Logger;
  progress: Progress;
  view: RunView;
  record: RunRecord;
  supervisorLimits: SupervisorLimits;
  stopLimits: StopLimits;
  /** Ends the run early: something that it cannot do without was lost. */
  abort: (reason: string) => void;
  /** Ends the run early because somebody asked for it. */
  stop: (reason: string) => void;
}

/** The run's own events. Those from before the history was opened wait for it. */
export class RunRecord {
  readonly #onEvent: (event: EncoreEvent) => void;
  #waiting: EncoreEvent[] = [];
  history: HistoryWriter | null = null;

  constructor(onEvent: (event: EncoreEvent) => void) {
    this.#onEvent = onEvent;
  }

  add(event: EncoreEvent): void {
    if (this.history === null) {
      this.#waiting.push(event);
      this.#onEvent(event);
    } else this.history.add('orchestrator', event);
  }

  /** `first` stands at the top, before what already waits. */
  async open(path: string, first: EncoreEvent, onFailure: (error: unknown) => void): Promise<HistoryWriter> {
    const told = new Set(this.#waiting);
    const onEvent = (event: EncoreEvent): void => {
      if (!told.has(event)) this.#onEvent(event);
    };
    this.history = await HistoryWriter.open(path, onEvent, onFailure);
    for (const event of [first, ...this.#waiting]) this.history.add('orchestrator', event);
    this.#waiting = [];
    return this.history;
  }
}
