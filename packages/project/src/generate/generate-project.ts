/**
 * Generates the Compose project of a run from the user's: its own project name, a sidecar for each
 * service with a port listed in `system.proxies`, and nothing that it would share with the user's
 * running stack. A pure function; the same input produces the same project.
 */
import { BlockList, isIP } from 'node:net';
import { invalidValue, ownValue, sha256Hex } from '@encore/kit';
import {
  type ComposeProject,
  isInProfiles,
  type Mount,
  type Network,
  namespaceOwner,
  replicasOf,
  type Service,
  withoutServices,
} from '../compose/compose-model.ts';
import { withoutDiscovery } from './discovery-labels.ts';
import { labels, originalLimits, runLabels } from './labels.ts';
import { chooseNames, runProjectName } from './names.ts';
import { pinImages, type RunImages } from './run-images.ts';
import { rewriteReferences } from './service-references.ts';
import { type AllowShared, isAllowed, sharedProblem, sharedResources } from './shared-resources.ts';
import { behindSidecar, sidecarOf, withoutSidecar } from './sidecar.ts';

export interface GenerateOptions {
  /** Distinguishes the runs of a project: lowercase letters, digits, `-` and `_`. */
  runId: string;
  /** Folder of encore.yaml, to which paths in messages are relative. */
  folder: string;
  /** Ports listed in `system.proxies`, by service; at least one for each. */
  proxied: Readonly<Record<string, readonly number[]>>;
  /** Services that faults may act on, each with the number of its replicas in encore.yaml. */
  targets: Readonly<Record<string, number>>;
  /** Profiles of the project that the run activates. */
  profiles: readonly string[];
  allowShared: AllowShared;
  sidecarImage: string;
}

export interface PublishedPort {
  /** Service and port as in the user's project, such as `api:8000/tcp`. */
  port: string;
  /** Where the user's project publishes it, such as `0.0.0.0:8080`. */
  original: string;
  /** Service of the run that publishes it now. */
  service: string;
}

export interface GeneratedProject {
  ok: true;
  project: ComposeProject;
  /** What the run publishes on free ports of 127.0.0.1. */
  published: PublishedPort[];
  /** Name in the run of each service with a sidecar. */
  renamed: Record<string, string>;
}

export function generateProject(
  project: ComposeProject,
  options: GenerateOptions,
): GeneratedProject | { ok: false; problems: string[] } {
  const problems = [
    ...problemsOfTargets(project, options),
    ...problemsOfPorts(project, options),
    ...problemsOfSharing(project, options),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const withSidecar = Object.keys(project.services).filter((name) => Object.hasOwn(options.proxied, name));
  const names = chooseNames(project, withSidecar);
  const renamed = (name: string): string => (withSidecar.includes(name) ? names.targetOf(name) : name);
  const runProject = runProjectName(project.name, options.runId);
  const images = pinImages(project, runProject, options.runId, renamed);
  const services: Record<string, Service> = {};
  for (const [name, original] of Object.entries(project.services)) {
    const ports = ownValue(options.proxied, name);
    const target = commonOf(original, name, { project, options, images, renamed });
    if (ports === undefined) {
      services[name] = { ...target, ...withoutSidecar(original) };
      continue;
    }
    const newName = names.targetOf(name);
    const controlAlias = names.sidecarOf(name);
    services[name] = sidecarOf(original, {
      service: name,
      ports,
      image: options.sidecarImage,
      runId: options.runId,
      controlNetwork: names.controlNetwork,
      controlAlias,
    });
    services[newName] = {
      ...target,
      ...behindSidecar(original, newName, ports),
      // The sidecar starts first, so that no other container is given its fixed address.
      depends_on: { ...target.depends_on, [name]: { condition: 'service_started', required: true } },
    };
  }
  for (const [name, holders] of addressWaits(project, withSidecar)) {
    const service = services[renamed(name)];
    // Not required, because a sidecar may belong to a profile that is not active.
    for (const holder of holders)
      if (service !== undefined)
        service.depends_on = { [holder]: { condition: 'service_started', required: false }, ...service.depends_on };
  }
  const networks = networksOf(project, options.runId);
  if (withSidecar.length > 0) networks[names.controlNetwork] = { internal: true, labels: runLabels(options.runId) };
  return {
    ok: true,
    project: {
      name: runProject,
      services,
      networks,
      volumes: volumesOf(project, options.runId),
      configs: withoutNames(project.configs),
      secrets: withoutNames(project.secrets),
    },
    published: publishedPorts(project, options.proxied, renamed),
    renamed: Object.fromEntries(withSidecar.map((name) => [name, names.targetOf(name)])),
  };
}

interface Context {
  project: ComposeProject;
  options: GenerateOptions;
  images: RunImages;
  renamed: (name: string) => string;
}

/** What a service keeps, with or without a sidecar. */
function commonOf(original: Service, name: string, { project, options, images, renamed }: Context): Service {
  const {
    container_name: _name,
    networks: _networks,
    ports: _ports,
    develop: _develop,
    links: _links,
    external_links: _external,
    ...kept
  } = original;
  // Null means the image's own command.
  for (const key of ['command', 'entrypoint'] as const) if (kept[key] === null) delete kept[key];
  return {
    ...kept,
    ...rewriteReferences(original, project, renamed),
    ...images.settingsOf(original, name),
    ...(original.volumes && { volumes: mountsOf(original.volumes) }),
    labels: {
      ...withoutDiscovery(project, original.labels),
      ...runLabels(options.runId),
      ...(Object.hasOwn(options.targets, name) && { [labels.target]: name, ...originalLimits(original) }),
    },
  };
}

/** A run creates no folders on the host, except in places that it may change. */
function mountsOf(volumes: readonly Mount[]): Mount[] {
  return volumes.map((mount) =>
    mount.type === 'bind' && mount.read_only ? { ...mount, bind: { ...mount.bind, create_host_path: false } } : mount,
  );
}

function problemsOfTargets({ services }: ComposeProject, { targets, proxied, profiles }: GenerateOptions): string[] {
  const known = Object.keys(services);
  return [...new Set([...Object.keys(targets), ...Object.keys(proxied)])].flatMap((name) => {
    const path = `system.containers.${name}`;
    const service = ownValue(services, name);
    if (service === undefined)
      return [`${path}: ${invalidValue(name, `a service of the Compose project: ${known.join(', ')}`, known)}`];
    if (!isInProfiles(service, profiles))
      return [
        `${path}: ${name} never starts, because it belongs to a profile that is not active; add ${service.profiles?.join(' or ')} to system.compose.profiles, or remove ${name} here`,
      ];
    const given = ownValue(targets, name);
    const replicas = replicasOf(service);
    if (given === undefined || given === replicas) return [];
    return [`${path}.replicas: ${invalidValue(given, `${replicas}, as in the Compose project`)}`];
  });
}

function problemsOfPorts(project: ComposeProject, { proxied }: GenerateOptions): string[] {
  return Object.entries(proxied).flatMap(([name, ports]) => {
    const service = project.services[name];
    const paths = ports.map((port) => `system.proxies.${name}:${port}`).join(', ');
    // problemsOfTargets reports it.
    if (service === undefined) return [];
    const owner = namespaceOwner(project, name);
    if (owner !== name)
      return [
        `${paths}: ${name} shares the network namespace of ${owner}; write ${ports.map((port) => `${owner}:${port}`).join(', ')}`,
      ];
    if (service.networks === undefined)
      return [
        `${paths}: ${name} has network_mode ${service.network_mode}, where no sidecar can take its place; remove this proxy`,
      ];
    return [];
  });
}

/** A service whose profile is not active never starts, so it shares nothing. */
function problemsOfSharing(project: ComposeProject, { allowShared, folder, profiles }: GenerateOptions): string[] {
  const started = withoutServices(project, (_name, service) => !isInProfiles(service, profiles));
  return sharedResources(started, folder)
    .filter((resource) => !isAllowed(resource, allowShared, folder))
    .map(sharedProblem);
}

/**
 * The engine gives a starting container the lowest free address of a network. A service without a
 * fixed address therefore waits for the sidecars that have one.
 */
function addressWaits(project: ComposeProject, withSidecar: readonly string[]): [string, string[]][] {
  const holders = new Map<string, string[]>();
  for (const name of withSidecar)
    for (const [network, attachment] of Object.entries(project.services[name]?.networks ?? {}))
      if (attachment?.ipv4_address !== undefined || attachment?.ipv6_address !== undefined)
        holders.set(network, [...(holders.get(network) ?? []), name]);
  return Object.entries(project.services).map(([name, { networks = {} }]) => {
    const waits = Object.keys(networks).flatMap((network) => holders.get(network) ?? []);
    return [name, waits.filter((holder) => holder !== name)];
  });
}

function networksOf(project: ComposeProject, runId: string): Record<string, Network> {
  const addresses = addressesOf(project);
  const all = Object.entries(project.networks).map(([key, network]) => {
    // An external network keeps its name; it was allowed.
    if (network.external) return [key, network] as const;
    const { name: _, ipam, driver_opts, ...rest } = network;
    // Two networks cannot have the same bridge.
    const { 'com.docker.network.bridge.name': _bridge, ...driverOptions } = driver_opts ?? {};
    return [
      key,
      {
        ...rest,
        ...(ipam && { ipam: usesSubnet(ipam, addresses) ? ipam : withOtherSubnets(ipam, `${runId} ${key}`) }),
        ...(Object.keys(driverOptions).length > 0 && { driver_opts: driverOptions }),
        labels: { ...network.labels, ...runLabels(runId) },
      },
    ] as const;
  });
  return Object.fromEntries(all);
}

function volumesOf({ volumes }: ComposeProject, runId: string): ComposeProject['volumes'] {
  const all = Object.entries(volumes).map(([key, volume]) => {
    if (volume.external) return [key, volume] as const;
    const { name: _, ...rest } = volume;
    return [key, { ...rest, labels: { ...volume.labels, ...runLabels(runId) } }] as const;
  });
  return Object.fromEntries(all);
}

function withoutNames<T extends { name?: string | undefined; external?: boolean | undefined }>(
  files: Record<string, T>,
): Record<string, T> {
  const all = Object.entries(files).map(([key, { name, ...file }]) => [key, file.external ? { name, ...file } : file]);
  return Object.fromEntries(all);
}

/**
 * Two networks cannot have the same subnet, so it is kept only where an address of it is used. The
 * engine chooses another one; for IPv6, only from version 27 on. Until then, it needs a subnet: a
 * unique local one (RFC 4193), which depends on the run and the network.
 */
function withOtherSubnets(
  { config = [], ...rest }: NonNullable<Network['ipam']>,
  id: string,
): NonNullable<Network['ipam']> {
  if (!config.some(({ subnet }) => subnet?.includes(':'))) return rest;
  const [first, ...others] =
    sha256Hex(id)
      .slice(0, 14)
      .match(/^..|.{4}/g) ?? [];
  return { ...rest, config: [{ subnet: `fd${first}:${others.join(':')}::/64` }] };
}

/** Every IP address in the values of the services. */
export function addressesOf({ services }: ComposeProject): string[] {
  const text = JSON.stringify(services);
  return [...new Set(text.match(/(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}/gi) ?? [])].filter(isIP);
}

/** Whether the project mentions an address of these subnets. */
export function usesSubnet(ipam: NonNullable<Network['ipam']>, addresses: readonly string[]): boolean {
  const subnets = new BlockList();
  for (const { subnet } of ipam.config ?? []) {
    const [address = '', prefix] = (subnet ?? '').split('/');
    const version = isIP(address);
    if (version !== 0) subnets.addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4');
  }
  return addresses.some((address) => subnets.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'));
}

function publishedPorts(
  { services }: ComposeProject,
  proxied: GenerateOptions['proxied'],
  renamed: (name: string) => string,
): PublishedPort[] {
  return Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map(({ target, protocol, published, host_ip = '0.0.0.0' }) => ({
      port: `${name}:${target}/${protocol}`,
      original: published === undefined ? 'a port that the engine chooses' : `${host_ip}:${published}`,
      service: protocol === 'tcp' && ownValue(proxied, name)?.includes(target) ? name : renamed(name),
    })),
  );
}
