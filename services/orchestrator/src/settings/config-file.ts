/** Reads a settings file, JSON or YAML, into a plain object. What is wrong with it is said without the words of a library. */
import { readFileSync, statSync } from 'node:fs';
import { describeError } from '@encore/kit';
import { parseDocument, type YAMLError } from 'yaml';

export type SettingsObject = Record<string, unknown>;

const maxBytes = 1_048_576;
const maxDepth = 20;
const byName = 'write settings by name, such as "hours: 4"';

export function readSettingsFile(
  path: string,
): { ok: true; settings: SettingsObject } | { ok: false; problem: string } {
  const wrong = (problem: string) => ({ ok: false as const, problem: `${path}: ${problem}` });
  let text: string;
  try {
    const about = statSync(path);
    // It is read again by the program that the lab starts, and a pipe gives what is in it only once, or waits for ever.
    if (!about.isFile() && !about.isDirectory()) return wrong('is not a file; write the settings into one');
    if (about.size > maxBytes) return wrong(`is larger than ${maxBytes} bytes`);
    const bytes = readFileSync(path);
    // Text in UTF-8 holds no NUL; in UTF-16 and UTF-32 every second sign of a settings file is one.
    if (bytes.includes(0)) return wrong('is not text in UTF-8; if it is UTF-16, save it as UTF-8');
    // Some editors mark a file as Unicode with a sign in front.
    text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return wrong(whyUnreadable(error));
  }
  const read = path.endsWith('.json') ? readJson(text) : readYaml(text);
  if ('problem' in read) return wrong(read.problem);
  const { value } = read;
  // Without a word its author would get the default run of 24 hours.
  if (value === null || value === undefined) return wrong(`sets nothing; leave it out, or ${byName}`);
  if (!isObject(value)) return wrong(`does not hold settings; ${byName}`);
  const flaw = flawOf(value);
  if (flaw !== null) return wrong(flaw);
  // Where a JSON file tells its editor which schema to use.
  const { $schema: _, ...settings } = value;
  return { ok: true, settings };
}

export function isObject(value: unknown): value is SettingsObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a file or folder that was named cannot be read for, and what would be right. */
export function whyUnreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EISDIR':
      return 'is a folder; name a file in it';
    case 'EACCES':
    case 'EPERM':
      return 'you may not read it; change its permissions';
    default:
      return `cannot be read: ${describeError(error)}`;
  }
}

type Read = { value: unknown } | { problem: string };

/** JSON is YAML too, and only there is a name that stands twice found. */
function readJson(text: string): Read {
  try {
    const value: unknown = JSON.parse(text);
    const twice = parseDocument(text).errors.find(({ code }) => code === 'DUPLICATE_KEY');
    return twice === undefined ? { value } : { problem: yamlProblem(twice) };
  } catch (error) {
    return { problem: `is not JSON: ${describeError(error)}` };
  }
}

function readYaml(text: string): Read {
  try {
    const document = parseDocument(text, { stringKeys: true });
    const [first] = [...document.errors, ...document.warnings];
    return first === undefined ? { value: document.toJS({ maxAliasCount: 10 }) } : { problem: yamlProblem(first) };
  } catch (error) {
    if (error instanceof RangeError) return { problem: tooDeep };
    return { problem: `is not YAML: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const tooDeep = 'is nested too deeply for settings';

function yamlProblem({ code, message, linePos }: YAMLError): string {
  if (message.includes('call stack')) return tooDeep;
  const [at] = linePos ?? [];
  const place = at === undefined ? '' : `, at line ${at.line}, column ${at.col}`;
  if (code === 'DUPLICATE_KEY') return `names a setting twice${place}; keep one of the two`;
  if (code === 'MULTIPLE_DOCS') return 'holds several documents, parted by "---"; keep one';
  return `is not YAML${place}: ${message.split(' at line ')[0]}`;
}

/** What must not be laid over other settings, or checked by what follows its nesting. */
function flawOf(value: unknown, depth = 0): string | null {
  if (typeof value !== 'object' || value === null) return null;
  // Deeper than any setting lies; an alias may even lie within itself.
  if (depth > maxDepth) return tooDeep;
  // Such a name would not be a setting, but change the object that holds them.
  if (Object.hasOwn(value, '__proto__')) return '__proto__: unknown setting';
  for (const inner of Object.values(value)) {
    const flaw = flawOf(inner, depth + 1);
    if (flaw !== null) return flaw;
  }
  return null;
}
