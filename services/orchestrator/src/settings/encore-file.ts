/**
 * Reads `encore.yaml`: a settings file that also describes the system under test and names the
 * workload. Lists all mistakes together.
 */
import { existsSync } from 'node:fs';
import { runConfigSchema } from '@encore/contracts';
import { invalidValue, nearestWord, schemaProblems, unknownKey } from '@encore/kit';
import { isObject, readSettingsFile, type SettingsObject } from '@encore/kit/settings-file';
import { type EncoreFile, encoreFileSchema, problemsOfEncoreFile } from '@encore/project';
import { problemsOfFile } from './file-problems.ts';
import { onItsProfile } from './resolve-settings.ts';

export type ReadEncoreFile =
  | { ok: true; file: EncoreFile; settings: SettingsObject }
  | { ok: false; problems: string[] };

/** The keys that a settings file does not have. */
const ownKeys = Object.keys(encoreFileSchema.shape);

/** `command` is how the user starts Encore, for messages. */
export function readEncoreFile(path: string, command: string): ReadEncoreFile {
  if (!existsSync(path))
    return { ok: false, problems: [`${path}: no such file in this folder; ${command} init writes one`] };
  const read = readSettingsFile(path, 'entry: api:8000');
  if (!read.ok) return { ok: false, problems: [read.problem] };
  const { system, workload, schedule, ...others } = read.settings;
  const mistyped = Object.keys(others).filter((key) => nearestWord(key, ownKeys) !== undefined);
  const settings = Object.fromEntries(Object.entries(others).filter(([key]) => !mistyped.includes(key)));
  const file = { ...(system !== undefined && { system }), ...(workload !== undefined && { workload }) };
  const problems = [
    ...[
      ...mistyped.map((key) => unknownKey([key], ownKeys)),
      ...problemsOfEncoreFile(file),
      ...problemsOfSchedule(schedule, system),
    ].map((problem) => `${path}: ${problem}`),
    ...problemsOfFile(onItsProfile(settings), path),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const all = { ...settings, ...(schedule !== undefined && { schedule }) };
  return { ok: true, file: encoreFileSchema.parse(file), settings: all };
}

/** Targets are names of this file, not of the bundled lab. */
function problemsOfSchedule(schedule: unknown, system: unknown): string[] {
  if (schedule === undefined) return [];
  const { containers, proxies } = isObject(system) ? system : {};
  const known = [containers, proxies].flatMap((part) => (isObject(part) ? Object.keys(part) : []));
  const names = (Array.isArray(schedule) ? schedule : []).flatMap((rule, index) => {
    const target = isObject(rule) ? rule['target'] : undefined;
    if (typeof target !== 'string' || known.includes(target)) return [];
    return [`schedule[${index}].target: ${invalidValue(target, `one of ${known.join(', ')}`, known)}`];
  });
  return [...schemaProblems(runConfigSchema.pick({ schedule: true }), { schedule }), ...names];
}
