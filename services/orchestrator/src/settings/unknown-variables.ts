/**
 * Environment variables that look like a setting but are none, such as `ENCORE_USER`: without a word their author would get a
 * run that he did not ask for. Only near misses are refused: the lab's wiring and other programs have names of their own, and a
 * test shows that none of the project's is near.
 */
import { runConfigSchema } from '@encore/contracts';
import { nearestWord } from '@encore/kit';
import { configVariable, scalarSettings } from './scalar-settings.ts';

const prefix = 'ENCORE_';

const known = new Set([configVariable, ...scalarSettings.map(({ variable }) => variable)]);

/** What to do instead, by what somebody may write after the prefix. */
const hints = new Map<string, string>([
  ['config', 'did you mean ENCORE_CONFIG?'],
  ['dry-run', 'give --dry-run'],
  ...Object.keys(runConfigSchema.shape).map((key) => [key, `in a settings file (--config) it is ${key}`] as const),
  ...scalarSettings.flatMap(({ key, variable }) =>
    [key, variable.slice(prefix.length)].map((name) => [name, `did you mean ${variable}?`] as const),
  ),
]);

export function problemsOfVariables(env: NodeJS.ProcessEnv): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix) || !value || known.has(name)) continue;
    const meant = nearestWord(name.slice(prefix.length), [...hints.keys()]);
    if (meant !== undefined) problems.push(`${name}: there is no such variable; ${hints.get(meant)}`);
  }
  return problems;
}
