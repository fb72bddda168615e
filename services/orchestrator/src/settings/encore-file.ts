/**
 * Reads `encore.yaml`: a settings file that also describes the system under test and names the
 * workload. Lists mistakes together where it can.
 */
import { existsSync } from 'node:fs';
import { nearestWord, unknownKey } from '@encore/kit';
import { type ReadSettings, readSettingsFile } from '@encore/kit/settings-file';
import {
  type EncoreFile,
  encoreFileSchema,
  type ProcessFile,
  parseEncoreFile,
  plannedSystem,
  problemsOfEncoreFile,
} from '@encore/project';
import { problemsOfFile } from './file-problems.ts';
import { onItsProfile } from './resolve-settings.ts';

export type ReadEncoreFile = (ReadSettings & { file: EncoreFile | ProcessFile }) | { ok: false; problems: string[] };

/** The keys that a settings file does not have. */
const ownKeys = Object.keys(encoreFileSchema.shape);

/** `command` is how the user starts Encore, for messages. */
export function readEncoreFile(path: string, command: string): ReadEncoreFile {
  if (!existsSync(path))
    return { ok: false, problems: [`${path}: no such file in this folder; ${command} init writes one`] };
  const read = readSettingsFile(path, `write a new one with "${command} init --force"`);
  if (!read.ok) return { ok: false, problems: [read.problem] };
  const entries = Object.entries(read.settings);
  const others = entries.filter(([key]) => !ownKeys.includes(key));
  const mistyped = others.map(([key]) => key).filter((key) => nearestWord(key, ownKeys) !== undefined);
  const settings = Object.fromEntries(others.filter(([key]) => !mistyped.includes(key)));
  const own = Object.fromEntries(entries.filter(([key]) => ownKeys.includes(key)));
  const file = parseEncoreFile(own);
  const problems = [
    ...mistyped.map((key) => unknownKey([key], ownKeys)),
    ...problemsOfEncoreFile(own),
    // Without its names, no target is known to be wrong.
    ...problemsOfFile(onItsProfile(settings), file === undefined ? null : plannedSystem(file.system)),
  ];
  if (file === undefined || problems.length > 0) return { ok: false, problems: problems.map(read.locate) };
  return { ...read, file, settings };
}
