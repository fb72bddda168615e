/** A user's own processes on this runtime, as encore.yaml describes them. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EncoreError, mapValues, upstreamOf } from '@encore/kit';
import {
  describeProcesses,
  isChosenByEncore,
  local,
  type ProcessAddresses,
  type ProcessSettings,
  type ProcessSystem,
  portOf,
  proxyRunner,
  resolveReferences,
} from '@encore/project';
import type { HostEnvironment } from './config.ts';
import { unsupportedHere } from './embedded-system.ts';
import type { ContainerSpec } from './engine/container-spec.ts';
import { type Lab, startLab } from './lab.ts';
import { at, commonSpec, type LabFrame, type LabService, labServices, targetLabels } from './lab-services.ts';
import { allFree, type ChosenPorts, labOffsets } from './ports.ts';
import { preparePostgres } from './postgres/binaries.ts';
import { createDatabase, type Database } from './postgres/database.ts';
import { fillDatabase } from './postgres/fill-database.ts';

export interface ProjectLabOptions {
  /** The checkout of Encore. */
  readonly root: string;
  /** The folder of encore.yaml. */
  readonly folder: string;
  readonly results: string;
  readonly host: HostEnvironment;
  readonly system: ProcessSystem;
  /** Path of the workload. */
  readonly workload: string;
  /** The environment of the user, which every process gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly page: ChosenPorts['page'];
}

const names = { toxiproxy: proxyRunner, chaos: 'encore-chaos', loadgen: 'encore-loadgen' };
const mebibyte = 1_048_576;

export type ProjectLab = Lab & {
  /** By name of a proxy: the port on which it listens. */
  readonly proxyPorts: Readonly<Record<string, number>>;
};

export async function startProjectLab(options: ProjectLabOptions, signal: AbortSignal): Promise<ProjectLab> {
  const { root, folder, results, host, system, workload, page } = options;
  const named = await namedPorts(system);
  let proxyPorts: Record<string, number> = {};
  const lab = await startLab(
    { root, of: folder, results, host },
    {
      offsets: offsetsOf(system),
      chosenPorts: page === undefined ? {} : { page },
      otherPorts: named,
      describe: async (frame) => {
        const addresses = addressesOf(system, frame.ports);
        proxyPorts = mapValues(addresses.ports, ({ listen }) => listen);
        const described = describeProcesses(system, addresses, unsupportedHere());
        // The plan was made from the same description, with other addresses.
        if (!described.ok) throw new EncoreError('INVALID_SYSTEM', described.problems.join('\n'));
        const entry = addresses.ports[system.entry]?.listen ?? 0;
        const services: LabService[] = labServices(frame, names, {
          loadgenEnv: { ENCORE_TARGET_URL: at(entry), ENCORE_WORKLOAD: workload },
        });
        for (const [name, process] of Object.entries(system.processes)) {
          const ready = described.system.containers[name]?.health?.ready;
          services.push(await serviceOf(name, process, { options, frame, addresses, ready }));
        }
        return { system: described.system, services };
      },
    },
    signal,
  );
  return { ...lab, proxyPorts };
}

/** The ports that encore.yaml fixes. Throws PORT_TAKEN if one of them is in use. */
async function namedPorts({ processes, proxies }: ProcessSystem): Promise<number[]> {
  const named = Object.keys(proxies).filter((proxy) => !isChosenByEncore(processes[upstreamOf(proxy)], proxy));
  for (const proxy of named)
    if (!(await allFree([portOf(proxy)])))
      throw new EncoreError(
        'PORT_TAKEN',
        `port ${portOf(proxy)} of ${proxy} is in use. Stop what uses it, or let Encore choose a free one: write \${port.${proxy}} where ${upstreamOf(proxy)} reads its port`,
      );
  return named.map(portOf);
}

/** Two ports for each proxy: that of the proxy, and one for the process behind it. */
function offsetsOf({ proxies, entry }: ProcessSystem): typeof labOffsets & Record<string, number> {
  const taken = new Set<number>(Object.values(labOffsets));
  const free = Array.from({ length: 99 }, (_, offset) => offset).filter((offset) => !taken.has(offset));
  // The entry first: in the first block it gets port 8000.
  const wanted = [entry, ...Object.keys(proxies).filter((proxy) => proxy !== entry)];
  const all = wanted.flatMap((proxy) => [listenName(proxy), portName(proxy)]);
  return { ...Object.fromEntries(all.map((name, index) => [name, free[index] ?? 0])), ...labOffsets };
}

const listenName = (proxy: string): string => `listen ${proxy}`;
const portName = (proxy: string): string => `port ${proxy}`;

function addressesOf({ processes, proxies }: ProcessSystem, ports: Readonly<Record<string, number>>): ProcessAddresses {
  return {
    proxyApi: at(ports['toxiproxy'] ?? 0),
    ports: Object.fromEntries(
      Object.keys(proxies).map((proxy) => {
        const chosen = isChosenByEncore(processes[upstreamOf(proxy)], proxy);
        const upstream = chosen ? (ports[portName(proxy)] ?? 0) : portOf(proxy);
        return [proxy, { listen: ports[listenName(proxy)] ?? 0, upstream }];
      }),
    ),
  };
}

interface Context {
  options: ProjectLabOptions;
  frame: LabFrame;
  addresses: ProcessAddresses;
}

/** `ready` is the URL of its readiness; without it, its first port counts. */
async function serviceOf(
  name: string,
  process: ProcessSettings,
  { ready, ...context }: Context & { ready: string | undefined },
): Promise<LabService> {
  const { frame, addresses } = context;
  const { dependsOn, restart, limits, stopSignal } = process;
  const port = portsOf(name, addresses)[0];
  const enforced = { memoryBytes: (limits.memoryMegabytes ?? 0) * mebibyte, cpus: limits.cpus ?? 0 };
  const common = {
    ...commonSpec(frame, name),
    labels: targetLabels(frame.project, name, enforced),
    restart: restart as ContainerSpec['restart'],
    stopSignal,
    ...((enforced.memoryBytes > 0 || enforced.cpus > 0) && { limits: enforced }),
  };
  return {
    // Its connections go through proxies, which chaos creates.
    after: [names.chaos, ...dependsOn],
    ready: ready === undefined ? (port === undefined ? null : { port }) : { url: ready },
    spec: { ...common, ...(await programOf(name, process, context)) },
  };
}

/** The ports on which the process itself listens. */
const portsOf = (name: string, { ports }: ProcessAddresses): number[] =>
  Object.entries(ports).flatMap(([proxy, { upstream }]) => (upstreamOf(proxy) === name ? [upstream] : []));

type Program = Pick<ContainerSpec, 'image' | 'command' | 'env' | 'cwd'> &
  Pick<Partial<ContainerSpec>, 'user' | 'stopSignal'>;

async function programOf(
  name: string,
  { command, postgres, env, cwd = '.' }: ProcessSettings,
  { options, frame, addresses }: Context,
): Promise<Program> {
  if (postgres !== undefined) return await databaseOf(name, postgres, { options, frame, addresses });
  const resolved = (text: string): string =>
    resolveReferences(text, ({ kind, proxy }) => {
      const { listen = 0, upstream = 0 } = addresses.ports[proxy] ?? {};
      return kind === 'port' ? String(upstream) : local(listen);
    });
  return {
    image: command?.[0] ?? name,
    command: (command ?? []).map(resolved),
    env: { ...options.env, ...Object.fromEntries(Object.entries(env).map(([key, text]) => [key, resolved(text)])) },
    cwd: resolve(options.folder, cwd),
  };
}

async function databaseOf(
  name: string,
  { user, password, database, schema }: NonNullable<ProcessSettings['postgres']>,
  { options, frame, addresses }: Context,
): Promise<Program> {
  const [port = 0] = portsOf(name, addresses);
  const programs = await preparePostgres(frame.folder.cache);
  const folder = frame.folder.sub(`postgres-${name}`);
  const server: Database = await createDatabase({ programs, folder, port, role: user, password });
  const sql = schema === undefined ? '' : await readFile(resolve(options.folder, schema), 'utf8');
  await fillDatabase(server, { database, sql, sqlName: schema ?? '' });
  return { ...server, image: 'postgres (embedded)', cwd: '/', stopSignal: 'SIGINT' };
}
