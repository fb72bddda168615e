/**
 * Reports environment variables that look like a misspelled setting, such as `ENCORE_USER`, or that
 * name a port which the lab does not have. Accepts other names, because the lab's wiring uses the
 * same prefix; a test covers all names of the project.
 */
import { runConfigSchema } from '@encore/contracts';
import { nearestWord } from '@encore/kit';
import { configVariable, scalarSettings } from './scalar-settings.ts';

const prefix = 'ENCORE_';

const known = new Set([configVariable, ...scalarSettings.map(({ variable }) => variable)]);

const portPrefix = 'ENCORE_PORT_';
const ports = ['SERVER', 'HEALTH', 'PAGE', 'PROMETHEUS', 'GRAFANA'];

/** What to write instead, by likely names without the prefix. */
const hints = new Map<string, string>([
  ['config', 'did you mean ENCORE_CONFIG?'],
  ['dry-run', 'use --dry-run'],
  ...Object.keys(runConfigSchema.shape).map((key) => [key, `set ${key} in a settings file`] as const),
  ...scalarSettings.flatMap(({ key, variable }) =>
    [key, variable.slice(prefix.length)].map((name) => [name, `did you mean ${variable}?`] as const),
  ),
]);

export function problemsOfVariables(env: NodeJS.ProcessEnv): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix) || !value || known.has(name)) continue;
    if (name.startsWith(portPrefix)) {
      problems.push(...problemsOfPort(name));
      continue;
    }
    const meant = nearestWord(name.slice(prefix.length), [...hints.keys()]);
    if (meant !== undefined) problems.push(`unknown variable ${name}; ${hints.get(meant)}`);
  }
  return problems;
}

function problemsOfPort(name: string): string[] {
  const port = name.slice(portPrefix.length);
  if (ports.includes(port)) return [];
  const meant = nearestWord(port, ports);
  const hint =
    meant === undefined
      ? `the ports are ${ports.map((known) => portPrefix + known).join(', ')}`
      : `did you mean ${portPrefix}${meant}?`;
  return [`unknown variable ${name}; ${hint}`];
}
