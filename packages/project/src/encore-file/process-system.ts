/**
 * The system of `encore.yaml` without Docker: processes of this machine instead of the services of
 * a Compose file. Proxies, entry and recoveryOf are the same.
 */
import { containerNameSchema } from '@encore/contracts';
import { invalidValue, upstreamOf } from '@encore/kit';
import { isObject, type SettingsObject, section } from '@encore/kit/settings-file';
import { z } from 'zod';
import { findReferences } from './references.ts';
import { commonShape, containerSchema } from './system-parts.ts';

const name = (description: string) =>
  z
    .string()
    .regex(/^[a-z_][a-z0-9_]*$/)
    .describe(description);

const postgresSchema = z.strictObject({
  user: name('the name of its user, in lower case'),
  password: z.string().min(1).describe('the password of its user'),
  database: name('the name of its database, in lower case'),
  schema: z.string().min(1).describe('an SQL file to execute once, relative to this file').optional(),
});

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGKILL'] as const;

const processSchema = containerSchema.omit({ replicas: true }).extend({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe('the program and its arguments, such as [node, api.mjs]; it must stay in the foreground')
    .optional(),
  postgres: postgresSchema
    .describe('a new PostgreSQL for each run, from the packages of Encore, instead of a command')
    .optional(),
  cwd: z
    .string()
    .min(1)
    .describe('the folder in which it runs, relative to this file; without it, the folder of this file')
    .optional(),
  env: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
        .describe('the name of a variable'),
      z.union([z.string(), z.number()]).transform(String).describe('text or a number'),
    )
    .default({})
    .describe('variables in addition to those that Encore was started with'),
  restart: z
    .string()
    .regex(/^(always|no|on-failure(:[1-9][0-9]{0,2})?)$/)
    .default('no')
    .describe('the restart policy: always, on-failure, on-failure:3 for at most 3 restarts, or no'),
  stopSignal: z.enum(stopSignals).default('SIGTERM').describe('the signal that stops it'),
  dependsOn: z.array(containerNameSchema).default([]).describe('the processes that must be ready before it starts'),
  limits: z
    .strictObject({
      memoryMegabytes: z.number().int().min(6).optional(),
      cpus: z.number().min(0.01).max(1_000).optional(),
    })
    .default({})
    .describe('limits of memory and CPU, for memory-cap and cpu-throttle; enforced where control groups are writable'),
});
export type ProcessSettings = z.infer<typeof processSchema>;

export const processSystemSchema = z.strictObject({
  processes: z.record(containerNameSchema, processSchema).describe('the processes to start, by name'),
  ...commonShape,
});
export type ProcessSystem = z.infer<typeof processSystemSchema>;

/** A run takes two of the hundred ports of its block for each proxy. */
const maxProxies = 40;
/** Encore's own processes have names that begin with it. */
const reserved = /^encore-/i;

/** Checks what no schema can. Accepts any value, even one that violates the schema. */
export function problemsOfProcesses(system: SettingsObject): string[] {
  const processes = section(system, 'processes');
  const proxies = Object.keys(section(system, 'proxies'));
  return [
    ...Object.entries(processes).flatMap(([name, process]) =>
      isObject(process) ? problemsOf(name, process, proxies, processes) : [],
    ),
    ...cyclesOf(processes),
    ...sharedPorts(processes, proxies),
    ...(proxies.length > maxProxies
      ? [`system.proxies: ${proxies.length} are too many; list at most ${maxProxies}`]
      : []),
  ];
}

function problemsOf(
  name: string,
  process: SettingsObject,
  proxies: readonly string[],
  processes: SettingsObject,
): string[] {
  const names = Object.keys(processes);
  const path = `system.processes.${name}`;
  const problems: string[] = [];
  if (reserved.test(name))
    problems.push(
      `${path}: ${invalidValue(name, 'a name that does not begin with encore-, which is reserved for Encore')}`,
    );
  const { command, postgres, dependsOn, health } = process;
  if (command === undefined && postgres === undefined)
    problems.push(`${path}.command: is missing; set the program and its arguments, such as [node, api.mjs]`);
  if (postgres !== undefined) {
    for (const key of ['command', 'cwd', 'env', 'stopSignal'])
      if (key in process) problems.push(`${path}.${key}: cannot be combined with postgres; remove one of the two`);
    if (proxies.filter((proxy) => upstreamOf(proxy) === name).length !== 1)
      problems.push(
        `${path}.postgres: listens on one port; list exactly one under system.proxies, such as ${name}:5432`,
      );
  }
  for (const other of Array.isArray(dependsOn) ? dependsOn : []) {
    if (typeof other !== 'string') continue;
    const others = names.filter((one) => one !== name);
    if (!names.includes(other))
      problems.push(`${path}.dependsOn: ${invalidValue(other, `one of ${others.join(', ')}`, others)}`);
    else if (!showsReadiness(other, processes[other], proxies))
      problems.push(
        `${path}.dependsOn: nothing shows when ${other} is ready; set health.ready of ${other}, list its port under system.proxies, or, if it is a job that ends, run it at the start of the command of ${name}`,
      );
  }
  for (const [key, url] of Object.entries(isObject(health) ? health : {}))
    if (typeof url === 'string' && !isUrlOf(name, url))
      problems.push(
        `${path}.health.${key}: ${invalidValue(url, `a URL of ${name}, such as http://${name}:8000/ready`)}`,
      );
  for (const { at, text, kind, proxy } of findReferences(process)) {
    const wrong = (right: string, known: readonly string[] = []) =>
      problems.push(`${path}.${at}: ${invalidValue(text, right, known)}`);
    const own = proxies.filter((one) => upstreamOf(one) === name);
    if (kind === 'proxy' && !proxies.includes(proxy))
      wrong(
        proxies.map((one) => `\${proxy.${one}}`).join(' or '),
        proxies.map((one) => `\${proxy.${one}}`),
      );
    if (kind === 'port' && !own.includes(proxy))
      wrong(
        proxies.includes(proxy)
          ? `\${proxy.${proxy}}, because only ${upstreamOf(proxy)} listens on that port`
          : own.map((one) => `\${port.${one}}`).join(' or ') || `a port of ${name} under system.proxies`,
      );
  }
  return problems;
}

const showsReadiness = (name: string, process: unknown, proxies: readonly string[]): boolean =>
  (isObject(process) && process['health'] !== undefined) || proxies.some((proxy) => upstreamOf(proxy) === name);

/** A process is reached by its name, as in Compose, or as this machine. */
export function isUrlOf(name: string, text: string): boolean {
  const host = URL.parse(text)?.hostname;
  return host === undefined || [name.toLowerCase(), 'localhost', '127.0.0.1'].includes(host);
}

/** One line per cycle of processes that wait for each other. */
function cyclesOf(processes: SettingsObject): string[] {
  const dependenciesOf = (name: string): string[] => {
    const process = processes[name];
    const list = isObject(process) ? process['dependsOn'] : [];
    return Array.isArray(list) ? list.filter((one): one is string => Object.hasOwn(processes, String(one))) : [];
  };
  const waitsFor = (start: string): string[] => {
    const found = new Set<string>();
    const visit = (name: string): void => {
      for (const next of dependenciesOf(name)) {
        if (found.has(next)) continue;
        found.add(next);
        visit(next);
      }
    };
    visit(start);
    return [...found];
  };
  const members = Object.keys(processes).filter((name) => waitsFor(name).includes(name));
  const isListed = (name: string, earlier: readonly string[]) =>
    earlier.some((other) => waitsFor(other).includes(name) && waitsFor(name).includes(other));
  return members
    .filter((name, index) => !isListed(name, members.slice(0, index)))
    .map((name) => `system.processes.${name}.dependsOn: ${name} waits for itself through ${waitsFor(name).join(', ')}`);
}

/** Processes of one machine cannot listen on the same port, unless Encore chooses one for them. */
function sharedPorts(processes: SettingsObject, proxies: readonly string[]): string[] {
  const fixed = new Map<string, string>();
  return proxies.flatMap((proxy) => {
    const name = upstreamOf(proxy);
    if (isChosenByEncore(processes[name], proxy)) return [];
    const port = proxy.slice(name.length + 1);
    const other = fixed.get(port);
    fixed.set(port, proxy);
    return other === undefined
      ? []
      : [
          `system.proxies.${proxy}: ${other} has the same port, and all processes share the ports of this machine; write \${port.${proxy}} where ${name} reads its port`,
        ];
  });
}

/** Whether Encore chooses the port on which the process listens, so that it is free. */
export function isChosenByEncore(process: unknown, proxy: string): boolean {
  if (!isObject(process)) return false;
  return (
    process['postgres'] !== undefined ||
    findReferences(process).some((reference) => reference.kind === 'port' && reference.proxy === proxy)
  );
}
