import type { Clock, Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import type { Terminal } from '../monitor/terminal.ts';
import type { Output } from '../progress/progress.ts';

export interface CommandContext {
  wiring: Wiring;
  /** For the settings of the user. */
  env: NodeJS.ProcessEnv;
  clock: Clock;
  logger: Logger;
  output: Output;
  terminal: Terminal | null;
  interrupt: () => void;
  stop: AbortSignal;
}
