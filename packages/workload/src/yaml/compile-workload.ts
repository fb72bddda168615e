/** Compiles a YAML workload to the interface of a workload module. */
import type { Random } from '@encore/kit/random';
import { type JsonValue, query } from 'jsonpath-rfc9535';
import { digestOf } from '../digest.ts';
import { CheckFailed, corrupt, type Failure } from '../failure.ts';
import type { DataRequest, Request, Response } from '../http.ts';
import type { Context, User } from '../user.ts';
import { defineWorkload, type Workload } from '../workload.ts';
import { compileJsonSchema } from './json-schema.ts';
import { render, renderJson, type Scope } from './templates.ts';
import type {
  YamlCheck,
  YamlOperation,
  YamlPreparation,
  YamlRequest,
  YamlStep,
  YamlValue,
  YamlWorkload,
} from './workload-schema.ts';

/** An object that the user wrote, with what its templates may use. */
type Remembered = Scope & { id: string };

interface State {
  objects: Remembered[];
}

type YamlUser = User<State>;
type SchemaCheck = ((body: unknown) => string | null) | null;

/** Bounds a list whose cursors form a cycle. */
const maxPages = 10_000;
/** Bounds what a user remembers if it never deletes. */
const maxObjects = 100;
const textCharacters = [...'abcdefghijklmnopqrstuvwxyz0123456789 '];

export function compileWorkload(yaml: YamlWorkload): Workload<State> {
  const { name, first, probe, readBack, list, remove, setup, teardown, constants = {} } = yaml;
  const operations = Object.entries(yaml.operations).map(([operation, { weight, ...rest }]) => {
    const run = compileOperation(rest, yaml.values ?? {}, constants);
    return [operation, { weight, run }] as const;
  });
  return defineWorkload<State>({
    ...(name === undefined ? {} : { name }),
    ...(first === undefined ? {} : { first }),
    user: () => ({ objects: [] }),
    operations: Object.fromEntries(operations),
    probe: {
      request: requestOf(probe.request, constants),
      ...(probe.status === undefined ? {} : { expect: { status: probe.status } }),
    },
    ...(readBack === undefined ? {} : { readBack: compileReadBack(readBack, constants) }),
    ...(list === undefined ? {} : { list: compileList(list, constants) }),
    ...(remove === undefined ? {} : { remove: compileRemove(remove, constants) }),
    ...(setup === undefined ? {} : { setup: compilePreparation(setup, constants) }),
    ...(teardown === undefined ? {} : { teardown: compilePreparation(teardown, constants) }),
  });
}

function compileOperation(
  { steps, uses }: Omit<YamlOperation, 'weight'>,
  values: Record<string, YamlValue>,
  constants: Scope,
): (user: YamlUser) => Promise<void> {
  const compiled = steps.map((step) => ({
    step,
    schemaCheck: step.check.schema ? compileJsonSchema(step.check.schema) : null,
  }));
  return async (user) => {
    const { random, state } = user;
    const scope: Scope = { ...constants, new_id: user.newId(), user: user.number };
    for (const [name, value] of Object.entries(values)) scope[name] = drawn(value, random);
    if (uses !== undefined) {
      if (state.objects.length === 0) user.skip('nothing was written yet');
      scope['object'] = random.pick(state.objects);
    }
    for (const { step, schemaCheck } of compiled) await performStep(user, step, schemaCheck, scope);
  };
}

async function performStep(user: YamlUser, step: YamlStep, schemaCheck: SchemaCheck, scope: Scope): Promise<void> {
  const { state } = user;
  const request: Request = {
    ...requestOf(step.request, scope),
    name: `${step.request.method} ${step.request.path}`,
    ...(step.check.status === undefined ? {} : { status: step.check.status }),
    check: (response) => failureOf(response, step.check, schemaCheck, scope),
  };
  const response = await send(user, step, request, scope);
  captureValues(response, step.capture, scope);
  if (step.remember !== true || step.write === undefined) return;
  state.objects.push({ ...scope, id: render(step.write.id, scope) });
  if (state.objects.length > maxObjects) state.objects.shift();
}

async function send(user: YamlUser, step: YamlStep, request: Request, scope: Scope): Promise<Response> {
  const { state, http } = user;
  if (step.write !== undefined) {
    const id = render(step.write.id, scope);
    const known = state.objects.findIndex((object) => object.id === id);
    // Until the write is acknowledged, the object's state is uncertain.
    const [before] = known < 0 ? [] : state.objects.splice(known, 1);
    const response = await user.write(id, digestOf(render(step.write.content, scope)), request);
    if (before !== undefined) state.objects.push({ ...before, ...scope, id });
    return response;
  }
  if (step.remove === undefined) return http.request(request);
  const id = render(step.remove, scope);
  state.objects = state.objects.filter((object) => object.id !== id);
  return user.remove(id, request);
}

const success = Array.from({ length: 100 }, (_, i) => 200 + i);

function compileReadBack(
  { request, absent, capture, content }: NonNullable<YamlWorkload['readBack']>,
  constants: Scope,
): NonNullable<Workload<State>['readBack']> {
  return async ({ http }, id) => {
    const scope: Scope = { ...constants, id };
    const response = await http.request({ ...requestOf(request, scope), status: [...success, ...absent] });
    if (absent.includes(response.status)) return null;
    // Without a match, the object is there, but not as it was written.
    for (const [name, path] of Object.entries(capture))
      scope[name] = query(response.json() as JsonValue, path)[0] ?? '';
    return digestOf(render(content, scope));
  };
}

function compileList(
  { request, ids, cursor }: NonNullable<YamlWorkload['list']>,
  constants: Scope,
): NonNullable<Workload<State>['list']> {
  return async function* ({ http }, prefix) {
    let next: unknown = '';
    for (let page = 1; page <= maxPages; page += 1) {
      const body = (await http.request(requestOf(request, { ...constants, prefix, cursor: next }))).json() as JsonValue;
      for (const id of query(body, ids)) if (String(id).startsWith(prefix)) yield { id: String(id) };
      const [found] = cursor === undefined ? [] : query(body, cursor);
      if (found === undefined || found === null || found === '' || found === next) return;
      next = found;
    }
  };
}

function compileRemove(
  { request, absent }: NonNullable<YamlWorkload['remove']>,
  constants: Scope,
): NonNullable<Workload<State>['remove']> {
  return async ({ http }, id) => {
    await http.request({ ...requestOf(request, { ...constants, id }), status: [...success, ...absent] });
  };
}

function compilePreparation(steps: YamlPreparation, constants: Scope): (context: Context) => Promise<void> {
  const compiled = steps.map((step) => ({
    ...step,
    schemaCheck: step.check.schema ? compileJsonSchema(step.check.schema) : null,
  }));
  return async ({ http, runId }) => {
    const scope: Scope = { ...constants, run: runId };
    for (const { request, check, capture, schemaCheck } of compiled) {
      const response = await http.request({
        ...requestOf(request, scope),
        ...(check.status === undefined ? {} : { status: check.status }),
        check: (response) => failureOf(response, check, schemaCheck, scope),
      });
      captureValues(response, capture, scope);
    }
  };
}

/** Adds what each path matches to the scope. Without paths, the response need not be JSON. */
function captureValues(response: Response, paths: Record<string, string> | undefined, scope: Scope): void {
  const captures = Object.entries(paths ?? {});
  const body = captures.length > 0 ? (response.json() as JsonValue) : null;
  for (const [name, path] of captures) {
    const [found] = query(body, path);
    if (found === undefined) throw new CheckFailed(corrupt(`${path} matches nothing`));
    scope[name] = found;
  }
}

function requestOf({ method, path, headers, json, body }: YamlRequest, scope: Scope): DataRequest {
  const rendered = Object.entries(headers ?? {}).map(([name, text]) => [name, render(text, scope)] as const);
  return {
    method,
    path: encodeURI(render(path, scope)),
    headers: Object.fromEntries(rendered),
    ...(json === undefined ? {} : { json: renderJson(json, scope) }),
    ...(body === undefined ? {} : { body: render(body, scope) }),
  };
}

function failureOf(response: Response, check: YamlCheck, schemaCheck: SchemaCheck, scope: Scope): Failure | null {
  for (const [name, text] of Object.entries(check.headers ?? {})) {
    const right = render(text, scope);
    const value = response.headers[name.toLowerCase()] ?? 'absent';
    if (value !== right) return corrupt(`header ${name} is ${value} instead of ${right}`);
  }
  const values = Object.entries(check.json ?? {});
  const body = values.length > 0 || schemaCheck !== null ? (response.json() as JsonValue) : null;
  for (const [path, expected] of values) {
    const [found] = query(body, path);
    const [actual, right] = [JSON.stringify(found) ?? 'nothing', JSON.stringify(renderJson(expected, scope))];
    if (actual !== right) return corrupt(`${path} is ${actual} instead of ${right}`);
  }
  const problem = schemaCheck === null ? null : schemaCheck(body);
  if (problem !== null) return corrupt(problem);
  if (check.maxMs !== undefined && response.durationMs > check.maxMs)
    return { outcome: 'deadline', detail: `${Math.round(response.durationMs)} ms instead of ${check.maxMs}` };
  return null;
}

function drawn(value: YamlValue, random: Random): unknown {
  if ('integer' in value) return random.integer(...value.integer);
  if ('number' in value) return random.between(...value.number);
  if ('pick' in value) return random.pick(value.pick);
  return Array.from({ length: value.text }, () => random.pick(textCharacters)).join('');
}
