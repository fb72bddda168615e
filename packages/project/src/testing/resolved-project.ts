/** Projects in the form of `docker compose config`, for tests. */
import { type ComposeProject, composeProjectSchema } from '../compose/compose-model.ts';
import { type GeneratedProject, type GenerateOptions, generateProject } from '../generate/generate-project.ts';

/** Attaches each service to the network `default`, as Compose does. */
export function resolvedProject(
  services: Record<string, Record<string, unknown>>,
  rest: Record<string, unknown> = {},
): ComposeProject {
  const attached = Object.entries(services).map(([name, service]) => [
    name,
    service['networks'] || service['network_mode']
      ? { image: 'busybox', ...service }
      : { image: 'busybox', networks: { default: null }, ...service },
  ]);
  return composeProjectSchema.parse({
    name: 'shop',
    networks: { default: { name: 'shop_default', ipam: {} } },
    ...rest,
    services: Object.fromEntries(attached),
  });
}

export const nothingShared = { bindMounts: [], volumes: [], networks: [], containers: [] };

const defaults: GenerateOptions = {
  runId: 'r1',
  folder: '/home/user/shop',
  proxied: {},
  targets: {},
  profiles: [],
  allowShared: nothingShared,
  sidecarImage: 'toxiproxy:test',
};

export function generate(project: ComposeProject, options: Partial<GenerateOptions> = {}): GeneratedProject {
  const generated = generateProject(project, { ...defaults, ...options });
  if (!generated.ok) throw new Error(generated.problems.join('\n'));
  return generated;
}

/** The problems because of which the project is refused; empty if it is not. */
export function refusals(project: ComposeProject, options: Partial<GenerateOptions> = {}): string[] {
  const generated = generateProject(project, { ...defaults, ...options });
  return generated.ok ? [] : generated.problems;
}
