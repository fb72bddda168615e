/**
 * From layers to one RunConfig: profile < file < environment < flags. Every layer is checked, also where a later one
 * covers it, and all problems are told together, each with the name under which its author wrote the value.
 */
import { existsSync } from 'node:fs';
import { type ProfileName, profileNameSchema, type RunConfig, runConfigSchema } from '@encore/contracts';
import { isObject, readSettingsFile, type SettingsObject } from './config-file.ts';
import { problemsOfFile } from './file-problems.ts';
import { profiles } from './profiles.ts';
import { decidedByPlan, decidedText } from './replay.ts';
import { configVariable, parseScalar, scalarSettings } from './scalar-settings.ts';
import { problemsOfVariables } from './unknown-variables.ts';

export interface SettingsInput {
  /** By flag, as written: `--hours` -> `4`. */
  flags: Partial<Record<string, string>>;
  monitor: boolean;
  configPath?: string | undefined;
  env: NodeJS.ProcessEnv;
  /** Settings below the file: those of the run that is replayed. */
  base?: SettingsObject | undefined;
  randomSeed: () => number;
}

export type Resolved = { ok: true; config: RunConfig } | { ok: false; problems: string[] };

export function resolveSettings(input: SettingsInput): Resolved {
  const problems = problemsOfVariables(input.env);
  const scalars = readScalars(input, problems);
  let file: SettingsObject = {};
  const named = namedFile(input);
  if (named !== null) {
    const read = readSettingsFile(named.path);
    if (read.ok) file = read.settings;
    else problems.push(`${named.by}: ${read.problem}${existsSync(named.path) ? '' : whereFilesAre(input.env)}`);
  }
  if (input.base !== undefined) problems.push(...overruled(input, named?.path, file));
  const asked = scalars['profile'] ?? file['profile'] ?? input.base?.['profile'] ?? 'full';
  const profile = profileNameSchema.safeParse(asked).data ?? 'full';
  const lower = merge(lowest(profile), input.base ?? {});
  const withFile = merge(lower, file);
  // Names of the file's mistakes must be the file's own, so it is checked on top of the profile alone.
  problems.push(...problemsOfFile(withFile, named?.path ?? 'settings'));
  if (problems.length > 0) return { ok: false, problems };
  const merged = merge(withFile, { ...scalars, profile });
  if (scalars['seed'] === undefined && file['seed'] === undefined && input.base?.['seed'] === undefined)
    merged['seed'] = input.randomSeed();
  if (!input.monitor) merged['monitor'] = false;
  const config = runConfigSchema.parse(merged);
  // A control is there to be lost.
  if (config.control !== 'none') config.unwinnable = true;
  return { ok: true, config };
}

/** The settings file, and where it was named. */
function namedFile({ configPath, env }: SettingsInput): { path: string; by: string } | null {
  if (configPath !== undefined) return { path: configPath, by: '--config' };
  const path = env[configVariable];
  return path ? { path, by: configVariable } : null;
}

/** In a container only the checkout is mounted, so a path of the host leads nowhere. */
function whereFilesAre(env: NodeJS.ProcessEnv): string {
  if (!env['ENCORE_CHECKOUT']) return '';
  return '. With Docker, the file must be in the checkout and is named by its path from there, such as ./run.yaml';
}

/** What was written and would not be heard. Flags are looked at with the other flags of a command. */
function overruled({ env }: SettingsInput, configPath: string | undefined, file: SettingsObject): string[] {
  const variables = scalarSettings.filter(({ key, variable }) => decidedByPlan.includes(key) && env[variable]);
  return [
    ...variables.map(({ variable }) => `${variable}: ${decidedText}`),
    ...decidedByPlan.filter((key) => key in file).map((key) => `${configPath}: ${key}: ${decidedText}`),
  ];
}

/** The profile's settings; the seed is a placeholder, for it must be whole even while nobody has chosen one. */
function lowest(profile: ProfileName): SettingsObject {
  return { ...structuredClone(profiles[profile]), profile, seed: 0 };
}

function readScalars(input: SettingsInput, problems: string[]): SettingsObject {
  const values: SettingsObject = {};
  for (const setting of scalarSettings) {
    const layers = [
      { name: setting.variable, text: input.env[setting.variable] || undefined },
      { name: setting.flag, text: input.flags[setting.flag] },
    ];
    for (const { name, text } of layers) {
      if (text === undefined) continue;
      const result = parseScalar(setting, text);
      if (result.ok) values[setting.key] = result.value;
      else problems.push(`${name}: ${result.problem}`);
    }
  }
  return values;
}

function merge(below: SettingsObject, above: SettingsObject): SettingsObject {
  const merged: SettingsObject = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    merged[key] = isObject(under) && isObject(value) ? merge(under, value) : value;
  }
  return merged;
}
