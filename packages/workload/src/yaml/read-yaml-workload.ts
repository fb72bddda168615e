/** Reads a YAML workload. All of its mistakes are listed at once, with line and column. */
import { pathToFileURL } from 'node:url';
import { didYouMean, invalidValue } from '@encore/kit/near-miss';
import { expectedAt, keysAt, pathText } from '@encore/kit/schema-problems';
import { yamlLimitProblem, yamlValue } from '@encore/kit/yaml-limits';
import { type Document, isMap, isNode, LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { setPlace } from '../defined-at.ts';
import type { Workload } from '../workload.ts';
import { compileWorkload } from './compile-workload.ts';
import { type Problem, problemsOf } from './problems.ts';
import { workloadSchema } from './workload-schema.ts';

export { workloadSchema } from './workload-schema.ts';

const functions = ['readBack', 'list', 'remove', 'setup', 'teardown'] as const;
/** How often an anchor may be used; uses within other anchors multiply. */
const maxAliases = 100;

/** `file` names the text in messages. Throws one line per mistake. */
export function readYamlWorkload(text: string, file: string): Workload<{ objects: { id: string }[] }> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [syntax] = document.errors;
  // Later errors are mostly consequences of the first.
  if (syntax !== undefined) throw new Error(`${at(syntax.pos[0])}: ${syntaxProblem(syntax, text)}`);
  const workload = yamlValue(document, file, maxAliases);
  const parsed = workloadSchema.safeParse(workload, { reportInput: true });
  const problems = parsed.success
    ? problemsOf(parsed.data)
    : parsed.error.issues.flatMap((issue) => problemsIn(issue, workload));
  if (parsed.success && problems.length === 0) {
    const compiled = compileWorkload(parsed.data);
    const mark = (code: object | undefined, path: string[]) => {
      const { line, col } = lines.linePos(offsetOf(document, path));
      if (code !== undefined) setPlace(code, `at ${pathToFileURL(file)}:${line}:${col}`);
    };
    for (const name of functions) mark(compiled[name], [name]);
    for (const [name, { run }] of Object.entries(compiled.operations)) mark(run, ['operations', name]);
    return compiled;
  }
  const located = problems.map(({ path, message }) => ({ offset: offsetOf(document, path), path, message }));
  located.sort((a, b) => a.offset - b.offset);
  throw new Error(
    located
      .map(({ offset, path, message }) =>
        [at(offset), ...(path.length === 0 ? [] : [pathText(path)]), message].join(': '),
      )
      .join('\n'),
  );
}

/** The most common mistake is a template without quotes, because `{` begins a map. */
function syntaxProblem({ message, pos: [offset] }: YAMLParseError, text: string): string {
  const limit = yamlLimitProblem({ message });
  if (limit !== null) return limit;
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n')[0] ?? '';
  const isUnquoted = /^[^'"]*\{\{/.test(line);
  return isUnquoted ? "put quotes around a text with {{ }}, such as '/items/{{ id }}'" : firstLine(message);
}

function problemsIn(issue: z.core.$ZodIssue, workload: unknown, parents: readonly PropertyKey[] = []): Problem[] {
  const path = [...parents, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(workloadSchema, path, workload);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown name.${didYouMean(key, known) || ` Known names: ${known.join(', ')}`}`,
    }));
  }
  // Of several alternatives, the one that got furthest is the one that was meant.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [furthest = []] = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a));
    if (depthOf(furthest) > 0) return furthest.flatMap((inner) => problemsIn(inner, workload, path));
  }
  return [{ path, message: messageOf(issue, path, workload) }];
}

function messageOf(issue: z.core.$ZodIssue, path: readonly PropertyKey[], workload: unknown): string {
  // The schema states what to do.
  if (issue.code === 'custom' || issue.code === 'invalid_format') return issue.message;
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  const expected = expectedAt(workloadSchema, path, workload);
  if (issue.input === undefined) return `is missing; expected ${expected}`;
  return invalidValue(issue.input, expected, issue.code === 'invalid_value' ? issue.values.map(String) : []);
}

function depthOf(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path }) => path.length));
}

/** The offset of the key that the path names, or of the nearest one that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => String(key) === String(name));
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function firstLine(message: string): string {
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
}
