/**
 * The parts of a resolved Compose project that Encore reads or changes: the output of `docker
 * compose config`. Everything else is kept as it is. In this form `extends`,
 * `include`, `env_file`, variables and short syntaxes are resolved, and `$` is written as `$$`.
 */
import { z } from 'zod';

const text = z.string();
/** Compose releases differ in which of these are numbers. */
const textOrNumber = z.union([text, z.number().transform(String)]);
const byName = <T extends z.ZodType>(value: T) => z.record(text, value);

const portSchema = z.looseObject({
  target: z.number().int(),
  /** Missing if the engine chooses; a range such as `8000-8010` if it chooses from that range. */
  published: textOrNumber.optional(),
  protocol: text.default('tcp'),
  host_ip: text.optional(),
});
export type Port = z.infer<typeof portSchema>;

const mountSchema = z.looseObject({
  type: text,
  /** A path for `bind`; a name, or nothing, for `volume`. */
  source: text.optional(),
  target: text,
  read_only: z.boolean().optional(),
  bind: z.looseObject({}).optional(),
});
export type Mount = z.infer<typeof mountSchema>;

const attachmentSchema = z.looseObject({
  aliases: z.array(text).optional(),
  ipv4_address: text.optional(),
  ipv6_address: text.optional(),
  link_local_ips: z.array(text).optional(),
});
/** How a service is attached to a network. */
export type Attachment = z.infer<typeof attachmentSchema>;

const dependencySchema = z.looseObject({ condition: text, required: z.boolean().optional() });
export type Dependency = z.infer<typeof dependencySchema>;

const buildSchema = z.looseObject({
  context: text.optional(),
  dockerfile: text.optional(),
  dockerfile_inline: text.optional(),
  args: byName(text.nullable()).optional(),
  labels: byName(text).optional(),
  additional_contexts: byName(text).optional(),
});

const serviceSchema = z.looseObject({
  image: text.optional(),
  build: buildSchema.optional(),
  container_name: text.optional(),
  hostname: text.optional(),
  domainname: text.optional(),
  network_mode: text.optional(),
  pid: text.optional(),
  ipc: text.optional(),
  privileged: z.boolean().optional(),
  use_api_socket: z.boolean().optional(),
  restart: text.optional(),
  profiles: z.array(text).optional(),
  environment: byName(text.nullable()).optional(),
  command: z.array(text).nullish(),
  entrypoint: z.array(text).nullish(),
  healthcheck: z.looseObject({ test: z.array(text).optional(), disable: z.boolean().optional() }).optional(),
  depends_on: byName(dependencySchema).optional(),
  links: z.array(text).optional(),
  external_links: z.array(text).optional(),
  extra_hosts: z.array(text).optional(),
  networks: byName(attachmentSchema.nullable()).optional(),
  ports: z.array(portSchema).optional(),
  expose: z.array(textOrNumber).optional(),
  volumes: z.array(mountSchema).optional(),
  volumes_from: z.array(text).optional(),
  configs: z.array(z.looseObject({ source: text, target: text.optional() })).optional(),
  labels: byName(text).optional(),
  mem_limit: textOrNumber.optional(),
  memswap_limit: textOrNumber.optional(),
  cpus: textOrNumber.optional(),
  scale: z.number().optional(),
  deploy: z
    .looseObject({
      replicas: z.number().optional(),
      resources: z
        .looseObject({
          limits: z.looseObject({ memory: textOrNumber.optional(), cpus: textOrNumber.optional() }).optional(),
        })
        .optional(),
      restart_policy: z.looseObject({ condition: text.optional(), max_attempts: z.number().optional() }).optional(),
    })
    .optional(),
});
export type Service = z.infer<typeof serviceSchema>;

const networkSchema = z.looseObject({
  name: text.optional(),
  external: z.boolean().optional(),
  driver: text.optional(),
  driver_opts: byName(textOrNumber).optional(),
  ipam: z.looseObject({ config: z.array(z.looseObject({ subnet: text.optional() })).optional() }).optional(),
  labels: byName(text).optional(),
});
export type Network = z.infer<typeof networkSchema>;

const volumeSchema = z.looseObject({
  name: text.optional(),
  external: z.boolean().optional(),
  driver: text.optional(),
  driver_opts: byName(textOrNumber).optional(),
  labels: byName(text).optional(),
});
export type Volume = z.infer<typeof volumeSchema>;

const fileSchema = z.looseObject({
  name: text.optional(),
  file: text.optional(),
  content: text.optional(),
  environment: text.optional(),
  external: z.boolean().optional(),
});

/** Compose writes null for an entry without settings. */
const entries = <T extends z.ZodType>(schema: T) => byName(z.preprocess((value) => value ?? {}, schema)).default({});

export const composeProjectSchema = z.looseObject({
  name: text,
  services: byName(serviceSchema),
  networks: entries(networkSchema),
  volumes: entries(volumeSchema),
  configs: entries(fileSchema),
  secrets: entries(fileSchema),
});
export type ComposeProject = z.infer<typeof composeProjectSchema>;

/** Reverses the `$$` of a resolved project, for values that are read rather than written. */
export function unescapeDollars(value: string): string {
  return value.replaceAll('$$', '$');
}

/** The name of the service or container that a reference such as `service:db` names. */
export function referenced(reference: string | undefined, kind: 'service' | 'container'): string | undefined {
  return reference?.startsWith(`${kind}:`) ? reference.slice(kind.length + 1) : undefined;
}

/** The service of this project that has this `container_name`. */
export function serviceOfContainer({ services }: ComposeProject, container: string): string | undefined {
  return Object.keys(services).find((name) => services[name]?.container_name === container);
}

/** The service whose network namespace this one uses; itself if it has its own. */
export function namespaceOwner(project: ComposeProject, name: string): string {
  const seen = new Set<string>();
  let owner = name;
  while (!seen.has(owner)) {
    seen.add(owner);
    const mode = project.services[owner]?.network_mode;
    const container = referenced(mode, 'container');
    const next =
      referenced(mode, 'service') ?? (container === undefined ? undefined : serviceOfContainer(project, container));
    if (next === undefined || project.services[next] === undefined) return owner;
    owner = next;
  }
  return owner;
}

/** The image that a service runs, in one spelling; Compose names it if the user did not. */
export function imageName({ name: project }: ComposeProject, name: string, { image }: Service): string {
  const short = (image ?? `${project}-${name}`).replace(/^(docker\.io\/)?(library\/)?/, '');
  return /[:@][^/]*$/.test(short) ? short : `${short}:latest`;
}

/** As `restart` spells it: `always`, `unless-stopped`, `on-failure`, `on-failure:3` or `no`. */
export function restartPolicyOf({ restart, deploy }: Service): string {
  if (restart !== undefined && restart !== '') return restart;
  const { condition, max_attempts } = deploy?.restart_policy ?? {};
  if (condition === undefined || condition === 'none') return 'no';
  if (condition === 'any') return 'always';
  return max_attempts === undefined ? condition : `${condition}:${max_attempts}`;
}

/** Name without registry, owner, tag and digest: `postgres` for `docker.io/bitnami/postgres:17`. */
export function shortImage(image: string): string {
  return (image.split('/').at(-1) ?? '').replace(/[:@].*$/, '');
}

/** Whether an image is of this program: `traefik` for `docker.io/library/traefik:v3`. */
export const usesImageOf = (image: string, program: string): boolean => shortImage(image).includes(program);

export const hasImageOf = ({ services }: ComposeProject, program: string): boolean =>
  Object.values(services).some(({ image = '' }) => usesImageOf(image, program));

/** Every name that the containers of a service answer to on its networks. */
export function namesOf(name: string, { container_name, hostname, networks }: Service): string[] {
  const aliases = Object.values(networks ?? {}).flatMap((attachment) => attachment?.aliases ?? []);
  return [name, container_name, hostname, ...aliases].filter((one) => one !== undefined);
}

/** A project without these services, and without the networks and volumes that only they use. */
export function withoutServices(
  project: ComposeProject,
  isLeftOut: (name: string, service: Service) => boolean,
): ComposeProject {
  const all = Object.entries(project.services);
  const kept = all.filter(([name, service]) => !isLeftOut(name, service));
  const networksOf = (some: typeof all) => some.flatMap(([, service]) => Object.keys(service.networks ?? {}));
  const volumesOf = (some: typeof all) =>
    some.flatMap(([, service]) => service.volumes ?? []).map(({ source }) => source);
  const only = <T>(entries: Record<string, T>, usedIn: (some: typeof all) => (string | undefined)[]) => {
    const [before, now] = [usedIn(all), usedIn(kept)];
    return Object.fromEntries(Object.entries(entries).filter(([key]) => now.includes(key) || !before.includes(key)));
  };
  return {
    ...project,
    services: Object.fromEntries(kept),
    networks: only(project.networks, networksOf),
    volumes: only(project.volumes, volumesOf),
  };
}

/** True for a service that starts when these profiles are active. */
export function isInProfiles({ profiles = [] }: Service, active: readonly string[]): boolean {
  return profiles.length === 0 || active.includes('*') || profiles.some((profile) => active.includes(profile));
}

/** How many containers of a service Compose starts. */
export function replicasOf({ scale, deploy }: Service): number {
  return scale ?? deploy?.replicas ?? 1;
}

/** `5432` or a range such as `8000-8002`, with `/udp` for UDP. */
export function parseExpose(value: string): { ports: number[]; protocol: string } {
  const [range = '', protocol = 'tcp'] = value.split('/');
  const [first = Number.NaN, last = first] = range.split('-').map(Number);
  const ports = Array.from({ length: Math.min(last - first, 1_000) + 1 || 0 }, (_, index) => first + index);
  return { ports, protocol };
}
