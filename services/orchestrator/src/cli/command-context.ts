import type { RunOptions } from '../run/perform-run.ts';

/** What every command may use. */
export interface CommandContext extends Omit<RunOptions, 'config' | 'plan' | 'system' | 'limits'> {
  /** For the settings of the user. */
  env: NodeJS.ProcessEnv;
}
