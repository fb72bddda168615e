/** Reads a settings file, JSON or YAML, into a plain object. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describeError } from '@encore/kit';
import { parse as parseYaml } from 'yaml';

export type SettingsObject = Record<string, unknown>;

const maxBytes = 1_048_576;

export function readSettingsFile(
  path: string,
): { ok: true; settings: SettingsObject } | { ok: false; problem: string } {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > maxBytes) return { ok: false, problem: `${path}: is larger than ${maxBytes} bytes` };
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!existsSync(path)) return { ok: false, problem: `${path}: there is no such file` };
    return { ok: false, problem: `${path}: cannot be read: ${describeError(error)}` };
  }
  let value: unknown;
  try {
    value = path.endsWith('.json') ? JSON.parse(text) : parseYaml(text, { maxAliasCount: 10 });
  } catch (error) {
    return { ok: false, problem: `${path}: is not ${path.endsWith('.json') ? 'JSON' : 'YAML'}: ${firstLine(error)}` };
  }
  // An empty file, or one with comments alone, sets nothing.
  if (value === null || value === undefined) return { ok: true, settings: {} };
  if (!isObject(value)) return { ok: false, problem: `${path}: must hold settings by name, such as "hours: 4"` };
  // Where a JSON file tells its editor which schema to use.
  const { $schema: _, ...settings } = value;
  return { ok: true, settings };
}

export function isObject(value: unknown): value is SettingsObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstLine(error: unknown): string {
  return describeError(error).split('\n')[0]?.replace(/:$/, '') ?? '';
}
