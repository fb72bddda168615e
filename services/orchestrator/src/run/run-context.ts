/** What all phases and loops of a run share. */
import type { Plan, RunConfig, System } from '@encore/contracts';
import type { Clock, Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import type { HistoryWriter } from '../history/history-writer.ts';
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
  history: HistoryWriter;
  /** Prints a line for the user. */
  print: (text: string) => void;
}
