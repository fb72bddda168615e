/** What all phases and loops of a run share, and the recorder of the run's own events. */
import type { EncoreEvent, Plan, RunConfig, System } from '@encore/contracts';
import type { Clock, Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { HistoryWriter } from '../history/history-writer.ts';
import type { ServiceClients } from '../service-clients.ts';

/** What is run, fixed from the start. */
export interface Run {
  id: string;
  /** Holds history, ledger and plan. */
  folder: string;
  startedAt: number;
  config: RunConfig;
  plan: Plan;
  system: System;
}

export interface RunContext {
  run: Run;
  wiring: Wiring;
  clients: ServiceClients;
  clock: Clock;
  logger: Logger;
  record: RunRecord;
  /** Prints a line for the user. */
  print: (text: string) => void;
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
