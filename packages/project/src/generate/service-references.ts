/** Rewrites the references between services after some of them were renamed. */
import {
  type ComposeProject,
  type Dependency,
  referenced,
  type Service,
  serviceOfContainer,
} from '../compose/compose-model.ts';

type References = Pick<
  Service,
  'depends_on' | 'network_mode' | 'pid' | 'ipc' | 'volumes_from' | 'external_links' | 'links'
>;

/**
 * `links` need no change: the sidecar has the name that they refer to. Everything else refers to
 * the container itself, and so to its new name.
 */
export function rewriteReferences(
  service: Service,
  project: ComposeProject,
  renamed: (name: string) => string,
): References {
  const { links, external } = linksOf(service, project);
  const fields: { [K in keyof References]: References[K] | undefined } = {
    depends_on: service.depends_on && dependencies(service.depends_on, renamed),
    network_mode: namespace(service.network_mode, project, renamed),
    pid: namespace(service.pid, project, renamed),
    ipc: namespace(service.ipc, project, renamed),
    volumes_from: service.volumes_from?.map((from) => volumesFrom(from, project, renamed)),
    links: links.length > 0 ? links : undefined,
    external_links: external.length > 0 ? external : undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * Waits for the container as before. If it has a sidecar, also waits for that: a healthy target
 * behind a sidecar without its proxy would refuse connections.
 */
function dependencies(
  dependsOn: Record<string, Dependency>,
  renamed: (name: string) => string,
): Record<string, Dependency> {
  const all = Object.entries(dependsOn).flatMap(([name, dependency]): [string, Dependency][] => {
    const target = renamed(name);
    if (target === name) return [[name, dependency]];
    const { restart: _, ...rest } = dependency;
    const condition = dependency.condition === 'service_healthy' ? 'service_healthy' : 'service_started';
    return [
      [target, dependency],
      [name, { ...rest, condition }],
    ];
  });
  return Object.fromEntries(all);
}

/** `service:db`, or `container:name` of a container of this project, whose name the run drops. */
function namespace(mode: string | undefined, project: ComposeProject, renamed: (name: string) => string) {
  const service = referenced(mode, 'service') ?? serviceNamed(project, referenced(mode, 'container'));
  return service === undefined ? mode : `service:${renamed(service)}`;
}

/** `db`, `db:ro`, `container:name` or `container:name:ro`. */
function volumesFrom(from: string, project: ComposeProject, renamed: (name: string) => string): string {
  const [, container, name = '', mode = ''] = /^(container:)?([^:]+)(:.*)?$/.exec(from) ?? [];
  const service = container === undefined ? name : serviceNamed(project, name);
  return service === undefined ? from : `${renamed(service)}${mode}`;
}

/** An external link to a container of this project is an ordinary link. */
function linksOf({ links = [], external_links = [] }: Service, project: ComposeProject) {
  const own = external_links.flatMap((link) => {
    const [container = link, alias = container] = link.split(':');
    const service = serviceNamed(project, container);
    return service === undefined ? [] : [{ link, own: `${service}:${alias}` }];
  });
  return {
    links: [...links, ...own.map((one) => one.own)],
    external: external_links.filter((link) => !own.some((one) => one.link === link)),
  };
}

function serviceNamed(project: ComposeProject, container: string | undefined): string | undefined {
  return container === undefined ? undefined : serviceOfContainer(project, container);
}
