/** The context that all phases of a run share, and the recorder of the run's own events. */
import type { EncoreEvent, Plan, RunConfig, System } from '@encore/contracts';
import type { Clock, Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { HistoryWriter } from '../history/history-writer.ts';
import type { Progress } from '../progress/progress.ts';
import type { RunView } from '../progress/run-view.ts';
import type { ServiceClients } from '../service-clients.ts';
import type { SupervisorLimits } from '../supervisor/supervise.ts';
import type { StopLimits } from './loops/stop-rules.ts';

export interface RunContext {
  runId: string;
  /** The run's folder with history, ledger and plan. */
  folder: string;
  startedAt: number;
  config: RunConfig;
  plan: Plan;
  system: System;
  wiring: Wiring;
  clients: ServiceClients;
  clock: Clock;
  logger: Logger;
  progress: Progress;
  view: RunView;
  record: RunRecord;
  supervisorLimits: SupervisorLimits;
  stopLimits: StopLimits;
  /** Ends the run early after an error. */
  abort: (reason: string) => void;
  /** Ends the run early on request. */
  stop: (reason: string) => void;
}

/** Records the orchestrator's own events; holds them back until the history is open. */
export class RunRecord {
  readonly #onEvent: (event: EncoreEvent) => void;
  #pending: EncoreEvent[] = [];
  history: HistoryWriter | null = null;

  constructor(onEvent: (event: EncoreEvent) => void) {
    this.#onEvent = onEvent;
  }

  add(event: EncoreEvent): void {
    if (this.history === null) {
      this.#pending.push(event);
      this.#onEvent(event);
    } else this.history.add('orchestrator', event);
  }

  /** Writes `first`, then the pending events, whose subscribers have already received them. */
  async open(path: string, first: EncoreEvent, onFailure: (error: unknown) => void): Promise<HistoryWriter> {
    const delivered = new Set(this.#pending);
    const onEvent = (event: EncoreEvent): void => {
      if (!delivered.has(event)) this.#onEvent(event);
    };
    this.history = await HistoryWriter.open(path, onEvent, onFailure);
    for (const event of [first, ...this.#pending]) this.history.add('orchestrator', event);
    this.#pending = [];
    return this.history;
  }
}
