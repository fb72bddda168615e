/**
 * Compares a user's Compose project with the project of a run, both as `docker compose config`
 * resolves them. Knows nothing of the generator except the labels that it writes.
 */
import assert from 'node:assert/strict';

type Json = Record<string, unknown>;
export interface Resolved {
  name: string;
  services: Record<string, Json>;
  networks?: Record<string, Json>;
  volumes?: Record<string, Json>;
  configs?: Record<string, Json>;
  secrets?: Record<string, Json>;
}
type Attachments = Record<string, Json | null>;
interface Port {
  target: number;
  protocol: string;
  published?: string;
  host_ip?: string;
}

/** What the run must change; everything else of a service stays equal. */
const changed = [
  'build',
  'container_name',
  'depends_on',
  'develop',
  'external_links',
  'hostname',
  'image',
  'ipc',
  'labels',
  'links',
  'network_mode',
  'networks',
  'pid',
  'ports',
  'pull_policy',
  'volumes',
  'volumes_from',
];

export function compareProjects(original: Resolved, run: Resolved): void {
  const sidecars = new Map<string, string>();
  for (const [name, service] of Object.entries(run.services)) {
    const of = labelsOf(service)['encore.sidecar.of'];
    if (of !== undefined) sidecars.set(of, name);
  }
  const added = Object.keys(run.services).length - Object.keys(original.services).length;
  assert.equal(added, sidecars.size, 'each added service is a sidecar');
  for (const [name, service] of Object.entries(original.services)) {
    const behind = containerOf(run, name, sidecars.has(name));
    const container = run.services[behind] ?? {};
    assert.deepEqual(without(container, changed), without(service, changed), name);
    assert.deepEqual(mountsOf(container), mountsOf(service), `mounts of ${name}`);
    const published = [...portsOf(container), ...(sidecars.has(name) ? portsOf(run.services[name] ?? {}) : [])];
    comparePorts(name, portsOf(service), published);
    compareNames(original, run, name, behind);
    compareOrder(original, run, name, behind);
  }
  for (const entries of [run.services, run.networks, run.volumes])
    for (const [key, entry] of Object.entries(entries ?? {})) {
      if (entry['external'] === true) continue;
      assert.ok(labelsOf(entry)['encore.run'], `${key} has no label of the run`);
      assert.equal(entry['container_name'], undefined, key);
    }
  // Compose fills in names; all are within the project of the run.
  for (const entries of [run.networks, run.volumes, run.configs, run.secrets])
    for (const [key, { name, external }] of Object.entries(entries ?? {}))
      if (external !== true) assert.equal(name, `${run.name}_${key}`);
}

/** The service of the run in which the container of a user's service runs. */
function containerOf(run: Resolved, name: string, hasSidecar: boolean): string {
  if (!hasSidecar) return name;
  // The sidecar starts before the container behind it and has no other relation to it by name.
  const behind = Object.keys(run.services).filter(
    (other) => labelsOf(run.services[other] ?? {})['encore.target'] === name,
  );
  assert.equal(behind.length, 1, `${name} is behind ${behind.join(', ')}`);
  return behind[0] ?? '';
}

/** Every published port is published once, on 127.0.0.1, at a port that the engine chooses. */
function comparePorts(name: string, original: readonly Port[], run: readonly Port[]): void {
  const ids = (ports: readonly Port[]): string[] => ports.map(({ target, protocol }) => `${target}/${protocol}`).sort();
  assert.deepEqual(ids(run), [...new Set(ids(original))], `ports of ${name}`);
  for (const { published, host_ip } of run) assert.deepEqual([published, host_ip], [undefined, '127.0.0.1'], name);
}

/** Each name and address leads to one service: the sidecar if there is one, else the container. */
function compareNames(original: Resolved, run: Resolved, name: string, behind: string): void {
  const { networks, container_name, hostname } = original.services[name] ?? {};
  const own = (run.services[behind]?.['networks'] ?? {}) as Attachments;
  assert.deepEqual(Object.keys(own), Object.keys((networks ?? {}) as Attachments), `networks of ${name}`);
  for (const [network, attachment] of Object.entries((networks ?? {}) as Attachments)) {
    const { aliases = [], ipv4_address, ipv6_address } = (attachment ?? {}) as { aliases?: string[] } & Json;
    const names = [name, ...aliases, container_name, hostname, ipv4_address, ipv6_address];
    for (const one of names.filter((value) => typeof value === 'string'))
      assert.ok(
        answering(run, network, one).includes(name),
        `${one} on ${network} leads to ${answering(run, network, one)}`,
      );
    if (behind === name) continue;
    for (const one of names.filter((value) => typeof value === 'string'))
      assert.ok(!answering(run, network, one).includes(behind), `${one} bypasses the sidecar of ${name}`);
  }
}

/** The services that a name or address leads to on a network. */
function answering({ services }: Resolved, network: string, name: string): string[] {
  return Object.entries(services).flatMap(([service, { networks, hostname }]) => {
    const attachment = ((networks ?? {}) as Attachments)[network];
    if (attachment === undefined) return [];
    const { aliases = [], ipv4_address, ipv6_address } = (attachment ?? {}) as { aliases?: string[] } & Json;
    return [service, hostname, ...aliases, ipv4_address, ipv6_address].includes(name) ? [service] : [];
  });
}

/** Every dependency on a service is one on its container, under the same condition. */
function compareOrder(original: Resolved, run: Resolved, name: string, behind: string): void {
  const before = (original.services[name]?.['depends_on'] ?? {}) as Record<string, Json>;
  const now = (run.services[behind]?.['depends_on'] ?? {}) as Record<string, Json>;
  for (const [dependency, wanted] of Object.entries(before)) {
    const container =
      dependency in run.services && isSidecar(run, dependency) ? containerOf(run, dependency, true) : dependency;
    assert.deepEqual(now[container], wanted, `${name} waits for ${dependency}`);
  }
}

const isSidecar = ({ services }: Resolved, name: string): boolean =>
  labelsOf(services[name] ?? {})['encore.sidecar.of'] !== undefined;

function labelsOf(entry: Json): Record<string, string> {
  return (entry['labels'] ?? {}) as Record<string, string>;
}

function mountsOf(service: Json): string[] {
  const mounts = (service['volumes'] ?? []) as Json[];
  return mounts.map(({ type, source, target, read_only }) => JSON.stringify([type, source, target, read_only]));
}

export const portsOf = (service: Json): Port[] => (service['ports'] ?? []) as Port[];

function without(service: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(service).filter(([key]) => !keys.includes(key)));
}
