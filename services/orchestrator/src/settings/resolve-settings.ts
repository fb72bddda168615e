/**
 * Merges the layers profile < file < environment < flags into one RunConfig. Checks every layer,
 * even where a later one overrides it, and reports all problems together, each under the name the
 * user wrote.
 */
import { existsSync } from 'node:fs';
import {
  type PlannedSystem,
  type ProfileName,
  profileNameSchema,
  type RunConfig,
  runConfigSchema,
} from '@encore/contracts';
import { isObject, type ReadSettings, readSettingsFile, type SettingsObject } from '@encore/kit/settings-file';
import { problemsOfFile } from './file-problems.ts';
import { profiles } from './profiles.ts';
import { fixedByPlan, fixedText } from './replay.ts';
import { configVariable, parseScalar, scalarSettings } from './scalar-settings.ts';
import { problemsOfVariables } from './unknown-variables.ts';

export interface SettingsInput {
  system: PlannedSystem;
  /** By flag, as written: `--hours` -> `4`. */
  flags: Partial<Record<string, string>>;
  monitor: boolean;
  configPath?: string | undefined;
  /** The settings of encore.yaml, which take the place of a settings file. */
  encoreFile?: Pick<ReadSettings, 'settings' | 'locate'> | undefined;
  env: NodeJS.ProcessEnv;
  /** Settings of the replayed run, a layer between profile and file. */
  base?: SettingsObject | undefined;
  randomSeed: () => number;
}

export type Resolved = { ok: true; config: RunConfig } | { ok: false; problems: string[] };

export function resolveSettings(input: SettingsInput): Resolved {
  const problems = problemsOfVariables(input.env);
  const scalars = readScalars(input, problems);
  const named = input.encoreFile === undefined ? namedFile(input) : null;
  let source = input.encoreFile ?? { settings: {}, locate: (problem: string) => `settings: ${problem}` };
  if (named !== null) {
    const read = readSettingsFile(named.path, 'remove it, or write named settings, such as "hours: 4"');
    if (read.ok) source = read;
    else problems.push(`${named.by}: ${read.problem}${existsSync(named.path) ? '' : mountHint(input.env)}`);
  }
  const { settings: file } = source;
  if (input.base !== undefined) problems.push(...conflictsWithPlan(input, named?.path, file));
  const chosen = scalars['profile'] ?? file['profile'] ?? input.base?.['profile'] ?? 'full';
  const profile = profileNameSchema.safeParse(chosen).data ?? 'full';
  const lower = merge(profileLayer(profile), input.base ?? {});
  const withFile = merge(lower, file);
  // Checked without environment and flags, so that every problem names the file.
  problems.push(...problemsOfFile(withFile, input.system).map(source.locate));
  if (problems.length > 0) return { ok: false, problems };
  const merged = merge(withFile, { ...scalars, profile });
  if (scalars['seed'] === undefined && file['seed'] === undefined && input.base?.['seed'] === undefined)
    merged['seed'] = input.randomSeed();
  if (!input.monitor) merged['monitor'] = false;
  const config = runConfigSchema.parse(merged);
  // A control run must not pass, so its plan may be infeasible.
  if (config.control !== 'none') config.allowInfeasiblePlan = true;
  return { ok: true, config };
}

/** The settings file, and the flag or variable that names it. */
function namedFile({ configPath, env }: SettingsInput): { path: string; by: string } | null {
  if (configPath !== undefined) return { path: configPath, by: '--config' };
  const path = env[configVariable];
  return path ? { path, by: configVariable } : null;
}

/** Only the checkout is mounted in the container, so other host paths do not exist there. */
function mountHint(env: NodeJS.ProcessEnv): string {
  if (!env['ENCORE_CHECKOUT']) return '';
  return '. With Docker, the file must be in the checkout; use its path relative to the checkout, such as ./run.yaml';
}

/** Settings that the stored plan would override. Flags are checked in cli/commands.ts. */
function conflictsWithPlan({ env }: SettingsInput, configPath: string | undefined, file: SettingsObject): string[] {
  const variables = scalarSettings.filter(({ key, variable }) => fixedByPlan.includes(key) && env[variable]);
  return [
    ...variables.map(({ variable }) => `${variable}: ${fixedText}`),
    ...fixedByPlan.filter((key) => key in file).map((key) => `${configPath}: ${key}: ${fixedText}`),
  ];
}

/** Completes the settings of a file from the profile that it names, so that they can be checked. */
export function onItsProfile(file: SettingsObject): SettingsObject {
  return merge(profileLayer(profileNameSchema.safeParse(file['profile']).data ?? 'full'), file);
}

/** The profile's settings, with a placeholder seed so that they validate. */
function profileLayer(profile: ProfileName): SettingsObject {
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
