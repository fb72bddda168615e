/** Loads a workload's module from any folder, and checks its shape. */
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { operationNameSchema } from '@encore/contracts/outcome';
import type { Parameters, Probe, Request } from '@encore/workload';
import { problemOfProbe, problemOfRequest, textOf } from './check-request.ts';
import { explainLoadError } from './explain-load-error.ts';
import { guardGlobals, problemOfGlobals } from './global-guard.ts';
import { pathOfPlace, placeOfCode } from './location.ts';
import type { WorkloadDescription } from './messages.ts';
import type { AnyWorkload } from './user-plan.ts';

const functions = ['user', 'plan', 'afterOperation', 'readBack', 'list', 'remove', 'setup', 'teardown'] as const;
const members = [
  ...functions,
  'name',
  'parameters',
  'operations',
  'first',
  'probe',
  'capacityTest',
  'errors',
  'faults',
];
const operationMembers = ['weight', 'run', 'deadlineMs'];

let isSupplied = false;

/** Throws with every problem, one per line. */
export async function loadWorkload(url: string): Promise<AnyWorkload> {
  if (/\.ya?ml$/.test(url)) return loadYaml(url);
  supplyPackage();
  const restore = guardGlobals();
  const { workload, error } = await import(url).then(
    (module: { default?: unknown }) => ({ workload: module.default, error: null }),
    (thrown: unknown) => ({ workload: null, error: { thrown } }),
  );
  const changed = restore();
  if (changed.length > 0) {
    const { problem, location } = problemOfGlobals(changed, url);
    throw new Error(`${pathOfPlace(location, url)}: ${problem}`);
  }
  if (error !== null) throw new Error(explainLoadError(error.thrown, url));
  const problems = problemsOf(workload);
  if (problems.length > 0) throw new Error(problems.map((problem) => `${fileURLToPath(url)}: ${problem}`).join('\n'));
  return workload as AnyWorkload;
}

/** Imported on demand, because its libraries take time and memory. */
async function loadYaml(url: string): Promise<AnyWorkload> {
  const { readYamlWorkload } = await import('@encore/workload/yaml');
  const file = fileURLToPath(url);
  return readYamlWorkload(await readFile(file, 'utf8'), file);
}

/** Resolves `@encore/workload` from any folder, so that it does not have to be installed. */
function supplyPackage(): void {
  if (isSupplied) return;
  isSupplied = true;
  const url = import.meta.resolve('@encore/workload');
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@encore/workload'
        ? { url, format: 'module-typescript', shortCircuit: true }
        : next(specifier, context),
  });
}

export async function describeWorkload(workload: AnyWorkload, url: string): Promise<WorkloadDescription> {
  const parameters = workload.parameters ?? {};
  const { capacityTest, faults, probe } = workload;
  // By default, the capacity test sends the request of a probe without its object.
  const first = await firstProbe(probe, parameters, url);
  const weights = Object.entries(workload.operations).map(([name, { weight }]) => [name, weight] as const);
  const has = (name: 'readBack' | 'list' | 'remove' | 'setup' | 'teardown') => workload[name] !== undefined;
  return {
    name: workload.name ?? basename(dirname(fileURLToPath(url))),
    operations: Object.fromEntries(weights),
    parameters,
    errors: workload.errors,
    capacityTest: capacityTest ?? { request: first.request },
    faults: { spike: faults?.spike ?? first.request, stall: faults?.stall ? { breaker: faults.stall.breaker } : null },
    readBackAt: workload.readBack === undefined ? null : placeOfCode(workload.readBack, url),
    has: {
      readBack: has('readBack'),
      list: has('list'),
      remove: has('remove'),
      setup: has('setup'),
      teardown: has('teardown'),
    },
  };
}

async function firstProbe(probe: AnyWorkload['probe'], parameters: Parameters, url: string): Promise<Probe> {
  let first: Probe;
  try {
    first = typeof probe === 'function' ? await probe({ runId: 'capacity', parameters, number: 1 }) : probe;
  } catch (error) {
    throw new Error(explainLoadError(error, url));
  }
  const problem = problemOfProbe(first);
  if (problem !== null) throw new Error(`${fileURLToPath(url)}: ${problem}`);
  return first;
}

function problemsOf(workload: unknown): string[] {
  if (!isObject(workload)) return ['it has no default export; write `export default defineWorkload({ ... })`'];
  const problems = Object.keys(workload)
    .filter((name) => !members.includes(name))
    .map((name) => `unknown member ${name}; a workload has ${members.join(', ')}`);
  for (const name of functions)
    if (workload[name] !== undefined && typeof workload[name] !== 'function')
      problems.push(`${name} is ${textOf(workload[name])}; expected a function`);
  const { operations, first, probe } = workload;
  if (!isObject(operations) || Object.keys(operations).length === 0)
    problems.push(`operations is ${textOf(operations)}; expected at least one operation by name`);
  else {
    for (const [name, operation] of Object.entries(operations)) problems.push(...problemsOfOperation(name, operation));
    if (first !== undefined && (typeof first !== 'string' || operations[first] === undefined))
      problems.push(`first is ${textOf(first)}; expected one of ${Object.keys(operations).join(', ')}`);
  }
  const problem = typeof probe === 'function' ? null : problemOfProbe(probe);
  if (problem !== null) problems.push(problem);
  const { capacityTest } = workload as Partial<AnyWorkload>;
  for (const [name, request] of Object.entries(capacityTest ?? {}))
    problems.push(...problemsAt(`capacityTest.${name}`, request));
  return [...problems, ...problemsOfFaults(workload['faults'])];
}

function problemsOfFaults(faults: unknown): string[] {
  if (faults === undefined) return [];
  if (!isObject(faults)) return [`faults is ${textOf(faults)}; expected { spike, stall }`];
  const { spike, stall } = faults;
  const isStall =
    stall === undefined ||
    (isObject(stall) &&
      typeof stall['breaker'] === 'string' &&
      typeof stall['slowCall'] === 'function' &&
      typeof stall['quickCall'] === 'function');
  return [
    ...Object.keys(faults)
      .filter((name) => name !== 'spike' && name !== 'stall')
      .map((name) => `unknown member faults.${name}; faults has spike and stall`),
    ...(spike === undefined ? [] : problemsAt('faults.spike', spike)),
    ...(isStall ? [] : [`faults.stall is ${textOf(stall)}; expected { breaker, slowCall, quickCall }`]),
  ];
}

function problemsAt(name: string, request: unknown): string[] {
  const problem = problemOfRequest(request as Request);
  return problem === null ? [] : [`${name}: ${problem}`];
}

function problemsOfOperation(name: string, operation: unknown): string[] {
  const at = `operations.${name}`;
  if (!isObject(operation)) return [`${at} is ${textOf(operation)}; expected { weight, run }`];
  const { weight, run } = operation;
  return [
    ...Object.keys(operation)
      .filter((member) => !operationMembers.includes(member))
      .map((member) => `unknown member ${at}.${member}; an operation has ${operationMembers.join(', ')}`),
    ...(operationNameSchema.safeParse(name).success
      ? []
      : [`${at}: a name has at most 40 lowercase letters, digits, _ and -`]),
    ...(typeof weight === 'number' && weight >= 0 ? [] : [`${at}.weight is ${textOf(weight)}; expected 0 or more`]),
    ...(typeof run === 'function' ? [] : [`${at}.run is ${textOf(run)}; expected a function`]),
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
