/**
 * What `encore.yaml` describes besides the settings of a run: the system under test, in the terms
 * of the user's Compose file, and the workload. The system is a system description without the
 * generated parts, plus what only a user's own project needs.
 */
import {
  containerNameSchema,
  type FaultKind,
  faultKindSchema,
  faultKinds,
  type PlannedSystem,
  proxyNameSchema,
  systemSchema,
} from '@encore/contracts';
import { invalidValue, mapValues, nearestWord, ownValue, schemaProblems, upstreamOf } from '@encore/kit';
import { isObject, type SettingsObject } from '@encore/kit/settings-file';
import { z } from 'zod';
import type { GenerateOptions } from '../generate/generate-project.ts';

const allowedKinds = z
  .union([z.literal('all'), z.array(faultKindSchema)])
  .default('all')
  .describe('all, or a list of fault kinds such as [crash, latency]');

const containerSchema = systemSchema.shape.containers.valueType.omit({ proxyApi: true }).extend({
  allowedKinds,
  crash: systemSchema.shape.containers.valueType.shape.crash
    .unwrap()
    .default({ signal: 'SIGKILL' })
    .describe("the signal that crashes the container's main process"),
  supervise: z
    .boolean()
    .default(false)
    .describe('whether the supervisor starts the container again if nothing else does'),
});

const proxySchema = systemSchema.shape.proxies.valueType.omit({ runsIn: true, listen: true, upstream: true }).extend({
  allowedKinds,
  probe: systemSchema.shape.proxies.valueType.shape.probe.describe(
    'how Encore checks a connection through the proxy: banner if the server sends the first bytes, none if nothing is known',
  ),
});

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
  proxies: z
    .record(proxyNameSchema, proxySchema)
    .describe('the TCP ports that get a sidecar in front of them, by service and port'),
  entry: proxyNameSchema.describe('the proxy that users connect to'),
  recoveryOf: containerNameSchema.describe('the container whose recovery is judged; needs health'),
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
    .describe('whether Prometheus and Grafana run beside the project and show the run'),
});
export type EncoreFile = z.infer<typeof encoreFileSchema>;

/** Returns one line per mistake: path, value, and what would be right. */
export function problemsOfEncoreFile(file: SettingsObject): string[] {
  const problems = schemaProblems(encoreFileSchema, file);
  const paths = problems.map((problem) => problem.slice(0, problem.indexOf(': ')));
  const isNew = (problem: string): boolean => !paths.some((path) => problem.startsWith(`${path}: `));
  return [...problems, ...problemsOfNames(section(file, 'system')).filter(isNew)];
}

/** Checks names that refer to other parts. Accepts any value, also one that violates the schema. */
function problemsOfNames(system: SettingsObject): string[] {
  const containers = section(system, 'containers');
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
  // Where a name is used, it may be right, and mistyped where it is listed.
  const orRename = (name: string): string => {
    const key = nearestWord(name, known);
    return key === undefined ? '' : `; or rename ${key} under system.containers to ${name}`;
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
      `system.containers.${recoveryOf}.health: is missing; set ready, a URL that answers 200 when ${recoveryOf} can serve its users`,
    );
  for (const name of Object.keys(proxies)) {
    const [container = name, port] = name.split(':');
    const path = `system.proxies.${name}`;
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
      problems.push(`${path}: ${invalidValue(name, 'a port from 1 to 65535')}`);
    if (!Object.hasOwn(containers, container))
      problems.push(
        `${path}: ${invalidValue(name, `a name under system.containers, with a port${orRename(container)}`)}`,
      );
  }
  return problems;
}

function section(value: SettingsObject, key: string): SettingsObject {
  const inner = value[key];
  return isObject(inner) ? inner : {};
}

/** What the generator needs of the file. */
export function generateOptions({
  containers,
  proxies,
  allowShared,
}: EncoreSystem): Pick<GenerateOptions, 'proxied' | 'targets' | 'allowShared'> {
  const proxied: Record<string, number[]> = {};
  for (const name of Object.keys(proxies)) {
    const [service = name, port] = name.split(':');
    proxied[service] = [...(ownValue(proxied, service) ?? []), Number(port)].sort((a, b) => a - b);
  }
  return { proxied, targets: mapValues(containers, ({ replicas }) => replicas), allowShared };
}

/** What settings may refer to: the targets, and the kinds that each allows. */
export function plannedSystem({ containers, proxies, entry, recoveryOf }: EncoreSystem): PlannedSystem {
  // Which of all kinds can act on a target is not a question of permission.
  const allowed = (kinds: 'all' | readonly FaultKind[]): FaultKind[] =>
    kinds === 'all' ? [...faultKinds] : [...kinds];
  return {
    containers: mapValues(containers, ({ allowedKinds, replicas }) => ({
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
