/**
 * What `encore.yaml` describes besides the settings of a run: the system under test, as services of
 * the user's Compose file or as processes, and the workload. The system is a system description
 * without the generated parts, plus what only a user's own project needs.
 */
import { containerNameSchema, type FaultKind, faultKinds, type PlannedSystem } from '@encore/contracts';
import { invalidValue, mapValues, nearestWord, ownValue, schemaProblems, upstreamOf } from '@encore/kit';
import { isObject, type SettingsObject, section } from '@encore/kit/settings-file';
import { z } from 'zod';
import type { GenerateOptions } from '../generate/generate-project.ts';
import { type ProcessSystem, problemsOfProcesses, processSystemSchema } from './process-system.ts';
import { commonShape, containerSchema } from './system-parts.ts';

const names = (description: string) => z.array(z.string().min(1)).default([]).describe(description);

const encoreSystemSchema = z.strictObject({
  compose: z
    .strictObject({
      files: z
        .array(z.string().min(1))
        .default([])
        .describe('Compose files, relative to this file; if empty, those that Compose finds in this folder'),
      profiles: names('profiles of the Compose file that a run activates'),
    })
    .prefault({}),
  allowShared: z
    .strictObject({
      bindMounts: names('folders and files of this machine that a run may change, by path'),
      volumes: names('volumes that are external or stored elsewhere (device, other drivers)'),
      networks: names('networks that are external or on an interface of the host; host for network_mode: host'),
      containers: names('containers outside the project that its services use'),
    })
    .prefault({})
    .describe('what a run may share with your own stack; it refuses everything else that is shared'),
  containers: z
    .record(containerNameSchema, containerSchema)
    .describe('the services that a run may act on, by their names in the Compose file'),
  ...commonShape,
});
export type EncoreSystem = z.infer<typeof encoreSystemSchema>;

/** `encore.yaml` without the settings of a run, which a settings file may have too. */
export const encoreFileSchema = z.strictObject({
  system: encoreSystemSchema.describe('the system under test'),
  workload: z
    .string()
    .min(1)
    .describe('the path of the workload, such as encore.workload.yaml; relative to this file')
    .optional(),
  dashboards: z
    .boolean()
    .default(true)
    .describe('whether Prometheus and Grafana run alongside the project and show the run'),
});
/** The file of a Compose project. */
export type EncoreFile = z.infer<typeof encoreFileSchema>;

export const processFileSchema = encoreFileSchema.omit({ dashboards: true }).extend({
  system: processSystemSchema.describe('the system under test'),
});
export type ProcessFile = z.infer<typeof processFileSchema>;

/** True if the file describes processes, even if what it describes is invalid. */
export const describesProcesses = (file: SettingsObject): boolean =>
  Object.hasOwn(section(file, 'system'), 'processes');

export const isProcessFile = (file: EncoreFile | ProcessFile): file is ProcessFile => 'processes' in file.system;

const schemaOf = (file: SettingsObject): typeof encoreFileSchema | typeof processFileSchema =>
  describesProcesses(file) ? processFileSchema : encoreFileSchema;

/** Undefined if the file violates its schema. */
export const parseEncoreFile = (file: SettingsObject): EncoreFile | ProcessFile | undefined =>
  schemaOf(file).safeParse(file).data;

/** Returns one line per mistake: path, value, and what would be right. */
export function problemsOfEncoreFile(file: SettingsObject): string[] {
  const system = section(file, 'system');
  const ofCompose = describesProcesses(file)
    ? Object.keys(system).filter((key) => key in encoreSystemSchema.shape && !(key in processSystemSchema.shape))
    : [];
  const others = Object.fromEntries(Object.entries(system).filter(([key]) => !ofCompose.includes(key)));
  const problems = [
    ...ofCompose.map((key) => `system.${key}: cannot be combined with processes; remove one of the two`),
    ...schemaProblems(schemaOf(file), file['system'] === system ? { ...file, system: others } : file, { expected }),
  ];
  const paths = problems.map((problem) => problem.slice(0, problem.indexOf(': ')));
  const isNew = (problem: string): boolean => !paths.some((path) => problem.startsWith(`${path}: `));
  const ofProcesses = describesProcesses(file) ? problemsOfProcesses(system) : [];
  return [...problems, ...[...problemsOfNames(system), ...ofProcesses].filter(isNew)];
}

/** Replaces the description of `command`, for which the schema states only that it is a list. */
const expected = (path: readonly PropertyKey[]): string | undefined =>
  path.length === 4 && path.at(-1) === 'command'
    ? 'the program and its arguments as a list, such as [node, api.mjs]'
    : undefined;

/** Checks names that refer to other parts. Accepts any value, even one that violates the schema. */
function problemsOfNames(system: SettingsObject): string[] {
  const key = Object.hasOwn(system, 'processes') ? 'processes' : 'containers';
  const containers = section(system, key);
  const proxies = section(system, 'proxies');
  const problems: string[] = [];
  const { entry, recoveryOf } = system;
  const listed = Object.keys(proxies);
  if (typeof entry === 'string' && !listed.includes(entry))
    problems.push(`system.entry: ${invalidValue(entry, `one of ${listed.join(', ')}`, listed)}`);
  const probed = typeof entry === 'string' ? proxies[entry] : undefined;
  if (isObject(probed) && typeof probed['probe'] === 'string' && probed['probe'] !== 'http') {
    const ofHttp = Object.entries(proxies).flatMap(([name, proxy]) =>
      isObject(proxy) && proxy['probe'] === 'http' ? [name] : [],
    );
    const right = ofHttp.length === 0 ? 'the proxy of an HTTP port' : `one of ${ofHttp.join(', ')}`;
    problems.push(
      `system.entry: ${invalidValue(entry, `${right}, because users send HTTP and ${entry} has probe: ${probed['probe']}; if it does speak HTTP, set its probe to http`)}`,
    );
  }
  const known = Object.keys(containers);
  // A name may be right where it is used, and mistyped where it is listed.
  const orRename = (name: string): string => {
    const near = nearestWord(name, known);
    return near === undefined ? '' : `; or rename ${near} under system.${key} to ${name}`;
  };
  if (typeof recoveryOf === 'string' && !known.includes(recoveryOf)) {
    const choices = Object.entries(containers).map(([name, container]) =>
      isObject(container) && container['health'] !== undefined ? name : `${name} (lacks health.ready, which it needs)`,
    );
    const right = `one of ${choices.join(', ')}${orRename(recoveryOf)}`;
    problems.push(`system.recoveryOf: ${invalidValue(recoveryOf, right, known)}`);
  }
  const judged = typeof recoveryOf === 'string' ? containers[recoveryOf] : undefined;
  if (isObject(judged) && judged['health'] === undefined)
    problems.push(
      `system.${key}.${recoveryOf}.health: is missing; set ready, a URL that answers 200 when ${recoveryOf} can serve its users`,
    );
  for (const name of Object.keys(proxies)) {
    const [container = name, port] = name.split(':');
    const path = `system.proxies.${name}`;
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
      problems.push(`${path}: ${invalidValue(name, 'a port from 1 to 65535')}`);
    if (!Object.hasOwn(containers, container))
      problems.push(
        `${path}: system.${key} has no ${container}; add it there, with allowedKinds: [] if no fault may act on it${orRename(container)}`,
      );
  }
  return problems;
}

/** What the generator needs from the file. */
export function generateOptions({
  compose,
  containers,
  proxies,
  allowShared,
}: EncoreSystem): Pick<GenerateOptions, 'proxied' | 'targets' | 'profiles' | 'allowShared'> {
  const proxied: Record<string, number[]> = {};
  for (const name of Object.keys(proxies)) {
    const [service = name, port] = name.split(':');
    proxied[service] = [...(ownValue(proxied, service) ?? []), Number(port)].sort((a, b) => a - b);
  }
  return {
    proxied,
    targets: mapValues(containers, ({ replicas }) => replicas),
    profiles: compose.profiles,
    allowShared,
  };
}

/** What settings may refer to: the targets, and the kinds that each allows. */
export function plannedSystem(system: EncoreSystem | ProcessSystem): PlannedSystem {
  const { proxies, entry, recoveryOf } = system;
  const containers: Record<string, { allowedKinds: 'all' | FaultKind[]; replicas?: number }> =
    'processes' in system ? system.processes : system.containers;
  // `all` permits every kind. Whether a kind can act on the target is decided elsewhere.
  const allowed = (kinds: 'all' | readonly FaultKind[]): FaultKind[] =>
    kinds === 'all' ? [...faultKinds] : [...kinds];
  return {
    containers: mapValues(containers, ({ allowedKinds, replicas = 1 }) => ({
      allowedKinds: allowed(allowedKinds),
      replicas,
    })),
    proxies: Object.fromEntries(
      Object.entries(proxies).map(([name, one]) => [
        name,
        { allowedKinds: allowed(one.allowedKinds), runsIn: upstreamOf(name) },
      ]),
    ),
    entry,
    recoveryOf,
  };
}
