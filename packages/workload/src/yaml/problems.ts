/**
 * Everything that the schema of a YAML workload cannot express: templates, paths, names, schemas.
 */
import { operationNameSchema } from '@encore/contracts/outcome';
import { query } from 'jsonpath-rfc9535';
import { compileJsonSchema } from './json-schema.ts';
import { templateProblem } from './templates.ts';
import type { Json, YamlCheck, YamlRequest, YamlStep, YamlWorkload } from './workload-schema.ts';

export interface Problem {
  path: readonly PropertyKey[];
  message: string;
}

type Add = (path: readonly PropertyKey[], message: string | null) => void;

export function problemsOf(workload: YamlWorkload): Problem[] {
  const problems: Problem[] = [];
  const add: Add = (path, message) => {
    if (message !== null) problems.push({ path, message });
  };
  const { operations, first, constants = {}, values = {}, probe, readBack } = workload;
  const constant = Object.keys(constants);
  const names = Object.keys(operations);
  if (first !== undefined && !names.includes(first))
    add(['first'], `unknown operation; use one of ${names.join(', ')}`);
  for (const [name, value] of Object.entries(values)) {
    const [min, max] = 'integer' in value ? value.integer : 'number' in value ? value.number : [0, 0];
    if (min > max) add(['values', name], 'min must not be greater than max');
  }
  for (const name of constant)
    if (values[name] !== undefined) add(['constants', name], 'is also the name of a value; rename one of them');
  checkRequest(probe.request, ['probe', 'request'], new Set(constant), add);
  const drawn = Object.keys(values);
  const ofObject = membersOfObjects(workload);
  for (const [name, { steps, uses }] of Object.entries(operations)) {
    const path = ['operations', name];
    if (!operationNameSchema.safeParse(name).success)
      add(path, 'use at most 40 lowercase letters, digits, _ and -, starting with a letter');
    if (uses !== undefined && ofObject.length === 0) add([...path, 'uses'], 'no step has remember: true');
    const known = new Set(['new_id', 'user', ...constant, ...drawn, ...(uses === undefined ? [] : ofObject)]);
    for (const [index, step] of steps.entries()) checkStep(step, [...path, 'steps', index], known, add);
  }
  if (readBack !== undefined) {
    checkRequest(readBack.request, ['readBack', 'request'], new Set(['id', ...constant]), add);
    for (const [name, path] of Object.entries(readBack.capture)) add(['readBack', 'capture', name], pathProblem(path));
    const known = new Set(['id', ...constant, ...Object.keys(readBack.capture)]);
    add(['readBack', 'content'], templateProblem(readBack.content, known));
  }
  checkFunctions(workload, constant, add);
  return problems;
}

/** What templates may use of an object: what the operation that wrote it knew at that step. */
function membersOfObjects({ operations, values = {} }: YamlWorkload): string[] {
  const members = new Set<string>();
  for (const { steps } of Object.values(operations)) {
    const last = steps.findLastIndex(({ remember }) => remember === true);
    if (last < 0) continue;
    const captured = steps.slice(0, last + 1).flatMap(({ capture = {} }) => Object.keys(capture));
    for (const name of ['id', 'new_id', ...Object.keys(values), ...captured]) members.add(`object.${name}`);
  }
  return [...members];
}

/** Checks the functions that are called outside operations, other than readBack. */
function checkFunctions({ readBack, list, remove, setup, teardown }: YamlWorkload, constant: string[], add: Add): void {
  if (list !== undefined) {
    if (readBack === undefined) add(['list'], 'needs readBack, because only written objects are compared');
    const known = new Set(['prefix', ...constant, ...(list.cursor === undefined ? [] : ['cursor'])]);
    checkRequest(list.request, ['list', 'request'], known, add);
    add(['list', 'ids'], pathProblem(list.ids));
    if (list.cursor !== undefined) add(['list', 'cursor'], pathProblem(list.cursor));
  }
  if (remove !== undefined) {
    if (list === undefined) add(['remove'], 'needs list, which finds the objects of earlier runs');
    checkRequest(remove.request, ['remove', 'request'], new Set(['id', ...constant]), add);
  }
  for (const [name, steps] of Object.entries({ setup, teardown })) {
    const known = new Set(['run', ...constant]);
    for (const [index, step] of (steps ?? []).entries()) checkStep(step, [name, index], known, add);
  }
}

function checkStep(step: YamlStep, path: readonly PropertyKey[], known: Set<string>, add: Add): void {
  checkRequest(step.request, [...path, 'request'], known, add);
  checkAssertions(step.check, [...path, 'check'], known, add);
  if (step.write !== undefined) {
    add([...path, 'write', 'id'], templateProblem(step.write.id, known));
    add([...path, 'write', 'content'], templateProblem(step.write.content, known));
  }
  if (step.remove !== undefined) add([...path, 'remove'], templateProblem(step.remove, known));
  for (const [name, jsonPath] of Object.entries(step.capture ?? {})) {
    add([...path, 'capture', name], pathProblem(jsonPath));
    known.add(name);
  }
}

function checkRequest(request: YamlRequest, path: readonly PropertyKey[], known: Set<string>, add: Add): void {
  if (!request.path.startsWith('/')) add([...path, 'path'], 'must start with /');
  if (request.path.includes('#')) add([...path, 'path'], 'must not contain #, which no request sends');
  add([...path, 'path'], templateProblem(request.path, known));
  for (const [name, text] of Object.entries(request.headers ?? {}))
    add([...path, 'headers', name], templateProblem(text, known));
  if (request.body !== undefined) add([...path, 'body'], templateProblem(request.body, known));
  if (request.json !== undefined) checkJson(request.json, [...path, 'json'], known, add);
}

function checkJson(value: Json, path: readonly PropertyKey[], known: Set<string>, add: Add): void {
  if (typeof value === 'string') add(path, templateProblem(value, known));
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value))
      checkJson(item, [...path, Array.isArray(value) ? Number(name) : name], known, add);
}

function checkAssertions(check: YamlCheck, path: readonly PropertyKey[], known: Set<string>, add: Add): void {
  for (const [name, text] of Object.entries(check.headers ?? {}))
    add([...path, 'headers', name], templateProblem(text, known));
  for (const [jsonPath, expected] of Object.entries(check.json ?? {})) {
    add([...path, 'json', jsonPath], pathProblem(jsonPath));
    checkJson(expected, [...path, 'json', jsonPath], known, add);
  }
  if (check.schema === undefined) return;
  try {
    compileJsonSchema(check.schema);
  } catch (error) {
    add([...path, 'schema'], `not a JSON Schema (2020-12): ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pathProblem(path: string): string | null {
  try {
    query({}, path);
    return null;
  } catch (error) {
    return `not a JSONPath (RFC 9535): ${error instanceof Error ? error.message : String(error)}`;
  }
}
