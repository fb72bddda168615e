/** The settings that have their own flag and environment variable, as a table. */
import { controlSchema, profileNames, type RunConfig, runConfigSchema } from '@encore/contracts';
import { invalidValue } from '@encore/kit';

/** Names a settings file like `--config`, which takes precedence. */
export const configVariable = 'ENCORE_CONFIG';

export interface ScalarSetting {
  key: keyof RunConfig & keyof typeof runConfigSchema.shape;
  flag: string;
  /** In commander's syntax, such as `--hours <h>`. */
  flagSyntax: string;
  variable: string;
  help: string;
  /** Completes the sentence "expected ...". */
  expected: string;
  /** The allowed values of an enumeration; any other setting is a number. */
  choices?: readonly string[];
}

const rows: readonly Omit<ScalarSetting, 'flag'>[] = [
  {
    key: 'profile',
    flagSyntax: '--profile <name>',
    variable: 'ENCORE_PROFILE',
    help: `base settings: ${profileNames.join(', ')} (default: that of the settings file or encore.yaml, otherwise full)`,
    expected: `one of ${profileNames.join(', ')}`,
    choices: profileNames,
  },
  {
    key: 'hours',
    flagSyntax: '--hours <h>',
    variable: 'ENCORE_HOURS',
    help: 'length of the run in hours, including the ramp; fractions allowed',
    expected: 'the length in hours, above 0 and at most 336, such as 0.05 or 24',
  },
  {
    key: 'users',
    flagSyntax: '--users <n>',
    variable: 'ENCORE_USERS',
    help: 'number of virtual users',
    expected: 'a whole number of users from 1 to 10000, such as 100',
  },
  {
    key: 'killIntervalMinutes',
    flagSyntax: '--kill-interval <minutes>',
    variable: 'ENCORE_KILL_INTERVAL',
    help: 'minutes between kills; fractions allowed',
    expected: 'minutes above 0, such as 60 or 0.75',
  },
  {
    key: 'recoveryTimeoutSeconds',
    flagSyntax: '--recovery-timeout <seconds>',
    variable: 'ENCORE_RECOVERY_TIMEOUT',
    help: 'time limit for each recovery, in seconds',
    expected: 'at least 1 second, such as 60',
  },
  {
    key: 'seed',
    flagSyntax: '--seed <n>',
    variable: 'ENCORE_SEED',
    help: 'the same seed gives the same faults and the same load (default: random, printed at the start)',
    expected: `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, such as 7`,
  },
  {
    key: 'control',
    flagSyntax: '--control <kind>',
    variable: 'ENCORE_CONTROL',
    help: 'control run, which must not pass: server-down (the system stays down) or noop-faults (faults do nothing); default: none',
    expected: 'none, server-down or noop-faults',
    choices: controlSchema.options,
  },
];

export const scalarSettings: readonly ScalarSetting[] = rows.map((row) => {
  const [flag = ''] = row.flagSyntax.split(' ');
  return { ...row, flag };
});

/** Parses the text of one setting. Values take no unit suffix (60, not 60s). */
export function parseScalar(
  setting: ScalarSetting,
  text: string,
): { ok: true; value: unknown } | { ok: false; problem: string } {
  const written = text.trim();
  const number = /^-?\d+(\.\d+)?$/.test(written) ? Number(written) : Number.NaN;
  const value = setting.choices === undefined ? number : written;
  const result = runConfigSchema.shape[setting.key].safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const asDigits = /^[+-]?\d+(\.\d+)?e[+-]?\d+$/i.test(written) ? 'plain digits for ' : '';
  return { ok: false, problem: invalidValue(text, `${asDigits}${setting.expected}`, setting.choices) };
}
