/**
 * Explains why a workload's module could not be loaded: where, what is wrong, what would be right.
 * Node runs TypeScript by removing the types, and resolves imports as ECMAScript modules do.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { folderOf } from './location.ts';

/** `workload`: URL of its file, which is named if the error has no place. */
export function explainLoadError(error: unknown, workload: string): string {
  if (!(error instanceof Error)) return `${fileURLToPath(workload)}: threw ${String(error)}`;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_MODULE_NOT_FOUND') return explainMissing(error.message, workload);
  return `${placeOf(error.stack ?? '', workload) ?? fileURLToPath(workload)}: ${explain(error, code)}`;
}

function explain({ name, message }: Error, code: unknown): string {
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    const [, syntax = 'this syntax'] = /^TypeScript (.+) is not supported/.exec(message) ?? [];
    return `${syntax} is not supported, because Node only removes types. ${replacementOf(syntax)}`;
  }
  if (/require is not defined/.test(message))
    return 'require is not defined in a module. Use import, with the extension of a file';
  const isCommonJs = code === 'MODULE_NOT_FOUND' || /outside a module|Unexpected token 'export'/.test(message);
  if (isCommonJs)
    return `Node treats this file as CommonJS (${firstLine(message)}). Use import and export, and name it .mts or .mjs`;
  return `${name}: ${firstLine(message)}`;
}

function replacementOf(syntax: string): string {
  if (syntax.includes('enum')) return "Use an object: const Color = { red: 'red' } as const";
  if (syntax.includes('parameter property')) return 'Declare the field, and assign it in the constructor';
  if (syntax.includes('namespace')) return 'Use a separate module';
  return 'Write it in JavaScript';
}

function explainMissing(message: string, workload: string): string {
  const [, missing = '', importer = fileURLToPath(workload)] =
    /^Cannot find (?:package|module) '([^']+)' imported from (.+)$/.exec(message) ?? [];
  const specifier = missing.startsWith('/') ? (missing.split('/').at(-1) ?? missing) : missing;
  const line = lineWith(importer, specifier);
  return `${importer}${line === null ? '' : `:${line}`}: ${adviceFor(missing)}`;
}

function adviceFor(missing: string): string {
  if (missing.startsWith('/')) {
    const hint = /\.\w+$/.test(missing) ? 'Correct its name' : 'Write the extension: ./name.mts';
    return `there is no file ${missing}. ${hint}`;
  }
  if (/^[@~#]\//.test(missing) || /^(src|lib|app)\//.test(missing))
    return `cannot find ${missing}. If it is a path alias of tsconfig.json, Node does not know it: import ./path/to/file.mts`;
  return `cannot find the package ${missing}. Install it in the workload's folder: npm install ${missing}`;
}

/**
 * The first place in the workload's folder that the stack of a syntax error or of an exception
 * names, otherwise the first one.
 */
function placeOf(stack: string, workload: string): string | null {
  const places = stack.matchAll(/(?:^|\(|at )(file:\/\/\/[^():\n]+|\/[^():\n]+):(\d+(?::\d+)?)/gm);
  const found = [...places].map(([, url = '', position]) => {
    return `${url.startsWith('file:') ? fileURLToPath(url) : url}:${position}`;
  });
  const folder = fileURLToPath(folderOf(workload));
  return found.find((place) => place.startsWith(folder)) ?? found[0] ?? null;
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? '';
}

function lineWith(file: string, specifier: string): number | null {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    const index = lines.findIndex((line) => /\b(import|from|export)\b/.test(line) && line.includes(specifier));
    return index < 0 ? null : index + 1;
  } catch {
    return null;
  }
}
