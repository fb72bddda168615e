/** Finds what Encore cannot do with a service, or can do only in part, each with the reason. */
import { containerNameSchema } from '@encore/contracts';
import { ownValue } from '@encore/kit';
import {
  type ComposeProject,
  hasImageOf,
  imageName,
  namespaceOwner,
  replicasOf,
  restartPolicyOf,
  type Service,
  shortImage,
  usesImageOf,
} from '../compose/compose-model.ts';
import { findsByLabel } from '../generate/discovery-labels.ts';
import { addressesOf, usesSubnet } from '../generate/generate-project.ts';
import { labels, originalLimits } from '../generate/labels.ts';
import type { Call } from './find-calls.ts';
import type { FoundPorts } from './find-ports.ts';
import { runsClient } from './programs.ts';
import type { ProjectFacts } from './project-facts.ts';
import { usualPort } from './usual-ports.ts';

export interface Unsupported {
  /** Service, or network. */
  on: string;
  text: string;
}

/** For a service of which no port is known. */
export const noPort = 'no network faults: no TCP port was found. If it listens on one, list it under system.proxies';

export interface Found {
  project: ComposeProject;
  facts: ProjectFacts;
  ports: FoundPorts;
  calls: readonly Call[];
  /** Services for which health.ready is written. */
  ready: readonly string[];
}

export function findUnsupported(found: Found): Unsupported[] {
  const { project } = found;
  const services = Object.entries(project.services).flatMap(([name, service]) =>
    unsupportedOf(name, service, found).map((text) => ({ on: name, text })),
  );
  const addresses = addressesOf(project);
  const networks = Object.entries(project.networks).flatMap(([name, { ipam, external }]) => {
    if (external || !ipam || !usesSubnet(ipam, addresses)) return [];
    const subnets = (ipam.config ?? []).map(({ subnet }) => subnet).join(', ');
    const text = `the project uses fixed addresses in its subnet ${subnets}, so a run needs the same subnet and cannot start while your own stack is up`;
    return [{ on: `network ${name}`, text }];
  });
  return [...services, ...networks];
}

/**
 * Whether the service can have a sidecar without a change of behaviour. Clients in the project that
 * send UDP to its name would reach the sidecar, which does not forward UDP.
 */
export function mayHaveSidecar(
  name: string,
  service: Service,
  { project, ports, calls }: Pick<Found, 'project' | 'ports' | 'calls'>,
): boolean {
  const isCalled = calls.some(({ to }) => to === name);
  return (
    service.networks !== undefined &&
    !isFoundByLabel(service, project) &&
    (!Object.hasOwn(ports.udp, name) || !isCalled)
  );
}

/** A service that runs to completion, such as a migration. */
function isOneShot({ services }: ComposeProject, name: string): boolean {
  return Object.values(services).some(
    ({ depends_on = {} }) => ownValue(depends_on, name)?.condition === 'service_completed_successfully',
  );
}

const jobName = /(^|[-_.])(init|seed|setup|bootstrap|migrat\w*|create-?buckets?|playwright|cypress|e2e)([-_.]|$)/i;

/** A service that nothing starts again, and whose name or program is that of a job. */
function looksLikeJob(name: string, service: Service): boolean {
  const isStartedAgain = !/^(no|on-failure)/.test(restartPolicyOf(service));
  return !isStartedAgain && service.ports === undefined && (jobName.test(name) || runsClient(service));
}

function unsupportedOf(name: string, service: Service, found: Found): string[] {
  const beyond = [
    ...(service.privileged ? ['privileged: it may change the host, which Encore does not restrict or revert'] : []),
    ...(service.pid === 'host'
      ? ['pid: host: it sees all processes of the host, including those of your own stack']
      : []),
    ...(service.ipc === 'host' ? ['ipc: host: it may share memory with your own stack'] : []),
    ...(findsByLabel(service)
      ? [
          'it finds containers on the whole engine by their labels, so in a run it also finds those of your own stack, and the one in your own stack finds those of the run; stop your own stack first',
        ]
      : []),
  ];
  const reason = notATarget(name, service, found);
  if (reason !== null) return [...beyond, `not a target: ${reason}`];
  return [...beyond, ...networkLimits(name, service, found), ...containerLimits(name, service, found)];
}

/** Why no fault can act on a service; null if one can. */
export function notATarget(
  name: string,
  service: Service,
  { project, facts }: Pick<Found, 'project' | 'facts'>,
): string | null {
  if (isOneShot(project, name)) return 'it runs to completion, and other services wait for that';
  if (looksLikeJob(name, service))
    return 'it looks like a job that ends by itself; if it keeps running, list it under system.containers';
  if (!facts.active.includes(name))
    return `it belongs to a profile that is not active (${(service.profiles ?? []).join(', ')})`;
  if (replicasOf(service) === 0) return 'it has no replicas';
  if (!containerNameSchema.safeParse(name).success)
    return 'Encore needs a name of at most 63 characters that starts with a letter or digit';
  return null;
}

function networkLimits(name: string, service: Service, found: Found): string[] {
  const { network_mode, networks, extra_hosts = [] } = service;
  const owner = namespaceOwner(found.project, name);
  const udp = ownValue(found.ports.udp, name)?.join(', ');
  const reasons: string[] = [];
  if (network_mode === 'host')
    reasons.push('no network faults: it uses the network of the host, where no sidecar can take its place');
  else if (owner !== name) reasons.push(`no network faults of its own: it uses the network of ${owner}`);
  else if (networks === undefined)
    reasons.push(`no network faults: with network_mode ${network_mode} it has no name that a sidecar could take over`);
  else if (isFoundByLabel(service, found.project))
    reasons.push(
      'no network faults: Traefik finds it by its labels and connects to its address, bypassing any sidecar',
    );
  else if (udp !== undefined)
    reasons.push(
      mayHaveSidecar(name, service, found)
        ? `no faults on UDP (port ${udp}): a sidecar forwards TCP only`
        : `no network faults unless you list its TCP ports: other services call ${name}, whose name a sidecar would take over, and a sidecar forwards no UDP (port ${udp})`,
    );
  else if (!found.ports.tcp.some((port) => port.service === name)) reasons.push(noPort);
  if (announcesAddress(service))
    reasons.push(
      `${shortImage(service.image ?? '')} may announce its own address to clients, which then bypass the sidecar`,
    );
  if (extra_hosts.some((host) => host.includes('host-gateway')) || mentionsHost(service))
    reasons.push('it can connect to the host (host.docker.internal), where your own stack may listen');
  return reasons;
}

function containerLimits(name: string, service: Service, found: Found): string[] {
  const reasons: string[] = [];
  if (restartPolicyOf(service) === 'no')
    reasons.push('no restart policy: nothing restarts it after a crash, unless you set supervise: true');
  if (!found.ready.includes(name) && !hasHealthcheck(name, service, found))
    reasons.push('no health check: only the start of its container shows its recovery; add one to the Compose file');
  const { [labels.memory]: memory, [labels.cpus]: cpus } = originalLimits(service);
  if (memory === undefined) reasons.push('no memory-cap: it has no memory limit (mem_limit) to restore');
  if (cpus === undefined) reasons.push('no cpu-throttle: it has no CPU limit (cpus) to restore');
  return reasons;
}

function hasHealthcheck(name: string, service: Service, { project, facts }: Found): boolean {
  const { test, disable } = service.healthcheck ?? {};
  if (disable || test?.[0] === 'NONE') return false;
  if (test !== undefined) return true;
  const dockerfile = facts.dockerfiles.some(
    (file) => file.service === name && /^\s*HEALTHCHECK\s+(?!NONE)/im.test(file.text),
  );
  return dockerfile || facts.images[imageName(project, name, service)]?.hasHealthcheck === true;
}

/** Whether Traefik of this project finds it. Clients reach Traefik itself by its name. */
function isFoundByLabel({ labels: all = {}, image = '' }: Service, project: ComposeProject): boolean {
  const isEnabled = Object.entries(all).some(
    ([label, value]) => label.startsWith('traefik.') && label.endsWith('enable') && value !== 'false',
  );
  return isEnabled && !usesImageOf(image, 'traefik') && hasImageOf(project, 'traefik');
}

function announcesAddress({ image = '', command, environment = {} }: Service): boolean {
  const name = shortImage(image);
  // KAFKA_ADVERTISED_LISTENERS and the like name the service, and so its sidecar.
  if (Object.keys(environment).some((variable) => /advertised/i.test(variable))) return false;
  const isCluster = /redis|valkey/.test(name) && (command ?? []).some((one) => one.includes('cluster-enabled'));
  return isCluster || (/elasticsearch|opensearch$|kafka|cassandra/.test(name) && usualPort(image) !== undefined);
}

const mentionsHost = (service: Service): boolean =>
  JSON.stringify([service.environment, service.command]).includes('host.docker.internal');
