/**
 * Reads a settings file (JSON or YAML) into a plain object, with readable error messages. Not part
 * of the package's index, because parsing YAML would slow down the start of every service.
 */
import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { describeError } from './encore-error.ts';
import { offsetOf } from './setting-offset.ts';
import { readTextFile } from './text-file.ts';
import { exceededLimit } from './yaml-limits.ts';

export type SettingsObject = Record<string, unknown>;

const maxBytes = 1_048_576;
const maxDepth = 20;
/** How often an anchor may be used; uses within other anchors multiply. */
const maxAliases = 100;

export interface ReadSettings {
  ok: true;
  settings: SettingsObject;
  /** Puts `path:line:column: ` in front of a problem that begins with the path of a setting. */
  locate: (problem: string) => string;
}

/** `ifEmpty`: for messages, what to do with a file that contains no settings. */
export function readSettingsFile(path: string, ifEmpty: string): ReadSettings | { ok: false; problem: string } {
  const wrong = (problem: string) => ({ ok: false as const, problem: `${path}: ${problem}` });
  const file = readTextFile(path, { maxBytes, tooLarge: 'larger than 1 MB; a settings file needs a few kilobytes' });
  if (!file.ok) return wrong(file.problem);
  const { text } = file;
  const lines = new LineCounter();
  const read = path.endsWith('.json') ? readJson(text, lines) : readYaml(text, lines);
  if ('problem' in read) return wrong(read.problem);
  const { value, document } = read;
  // An empty configuration would silently start the default 24-hour run.
  if (value === null || value === undefined) return wrong(`sets nothing; ${ifEmpty}`);
  if (!isObject(value)) return wrong(`contains no named settings; ${ifEmpty}`);
  const unsafe = unsafeContent(value);
  if (unsafe !== null) return wrong(unsafe);
  // `$schema` names the schema of a JSON file for editors.
  const { $schema: _, ...settings } = value;
  const locate = (problem: string): string => {
    const offset = offsetOf(document, problem);
    const { line, col } = lines.linePos(offset ?? 0);
    return `${path}:${offset === null ? '' : `${line}:${col}:`} ${problem}`;
  };
  return { ok: true, settings, locate };
}

export function isObject(value: unknown): value is SettingsObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at this key; an empty one if there is none. */
export function section(settings: SettingsObject, key: string): SettingsObject {
  const inner = settings[key];
  return isObject(inner) ? inner : {};
}

type Read = { value: unknown; document: Document } | { problem: string };

/** Also parses JSON as YAML, because JSON.parse accepts duplicate keys. */
function readJson(text: string, lineCounter: LineCounter): Read {
  try {
    const value: unknown = JSON.parse(text);
    const document = parseDocument(text, { lineCounter });
    const duplicate = document.errors.find(({ code }) => code === 'DUPLICATE_KEY');
    return duplicate === undefined ? { value, document } : { problem: yamlProblem(duplicate) };
  } catch (error) {
    return { problem: `invalid JSON: ${describeError(error)}` };
  }
}

function readYaml(text: string, lineCounter: LineCounter): Read {
  try {
    const document = parseDocument(text, { stringKeys: true, lineCounter });
    const [first] = [...document.errors, ...document.warnings];
    return first === undefined
      ? { value: document.toJS({ maxAliasCount: maxAliases }), document }
      : { problem: yamlProblem(first) };
  } catch (error) {
    const reason = describeError(error);
    const limit = exceededLimit({ message: reason });
    return { problem: limit === null ? `invalid YAML: ${reason}` : limitProblems[limit] };
  }
}

const tooDeep = `nested more than ${maxDepth} levels deep; no setting needs that`;
const limitProblems = {
  nesting: tooDeep,
  aliases: `uses an anchor more than ${maxAliases} times; write its value out where it is needed`,
};

function yamlProblem({ code, message, linePos }: YAMLError): string {
  const limit = exceededLimit({ message });
  if (limit !== null) return limitProblems[limit];
  const [at] = linePos ?? [];
  const position = at === undefined ? '' : ` at line ${at.line}, column ${at.col}`;
  if (code === 'DUPLICATE_KEY') return `names a setting twice${position}; keep one of the two`;
  if (code === 'MULTIPLE_DOCS') return 'contains several documents separated by "---"; keep one';
  return `invalid YAML${position}: ${message.split(' at line ')[0]}`;
}

/** Finds content that is unsafe to merge or traverse: prototype keys and deep nesting. */
function unsafeContent(value: unknown, depth = 0): string | null {
  if (typeof value !== 'object' || value === null) return null;
  // A YAML alias may even contain itself.
  if (depth > maxDepth) return tooDeep;
  // This key would change the prototype of the merged object.
  if (Object.hasOwn(value, '__proto__')) return '__proto__: unknown setting';
  for (const inner of Object.values(value)) {
    const unsafe = unsafeContent(inner, depth + 1);
    if (unsafe !== null) return unsafe;
  }
  return null;
}
