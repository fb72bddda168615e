/**
 * Reads what may name further ports: images that are on this machine, Dockerfiles, and mounted
 * configuration. Starts, pulls and builds nothing. What cannot be read is left out.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { type ComposeProject, imageName, type Service } from '../compose/compose-model.ts';
import { type ComposeFiles, runCompose, runDocker } from '../compose/read-compose.ts';
import type { ImageFacts, ProjectFacts, ServiceText } from './project-facts.ts';

const maxFileBytes = 256 * 1024;
const maxFiles = 50;
const maxDepth = 3;
const configuration = /\.(conf|config|cnf|cfg|ini|ya?ml|json|toml|properties|xml|tmpl|template)$|^Caddyfile$/;
const skipped = /^(\.|node_modules$|vendor$|target$|dist$|build$)/;

export async function readFacts(project: ComposeProject, files: ComposeFiles): Promise<ProjectFacts> {
  const { folder } = files;
  const services = Object.entries(project.services);
  const images = new Set(services.map(([name, service]) => imageName(project, name, service)));
  const mounted: ServiceText[] = [];
  const dockerfiles: ServiceText[] = [];
  for (const [name, service] of services) {
    for (const path of await configurationOf(service)) mounted.push(...(await textOf(name, path, folder)));
    dockerfiles.push(...(await dockerfileOf(name, service, folder)));
  }
  return {
    images: await inspectImages([...images], folder),
    mounted,
    dockerfiles,
    active: await activeServices(project, files),
  };
}

/** Services that start without `--profile`; a variable or `.env` may activate profiles. */
async function activeServices(project: ComposeProject, files: ComposeFiles): Promise<string[]> {
  const { error, stdout } = await runCompose(['config', '--services'], files);
  const names = stdout.split('\n').filter((name) => name !== '');
  // Without an answer, those that belong to no profile.
  return error === null ? names : Object.keys(project.services).filter((name) => !project.services[name]?.profiles);
}

const inspectedSchema = z.array(
  z.object({
    RepoTags: z.array(z.string()).nullish(),
    Config: z
      .object({ ExposedPorts: z.record(z.string(), z.unknown()).nullish(), Healthcheck: z.unknown().optional() })
      .nullish(),
  }),
);

async function inspectImages(names: readonly string[], folder: string): Promise<Record<string, ImageFacts>> {
  // The output has the images that are here, even if the command fails because others are not.
  const { stdout } = await runDocker(['image', 'inspect', '--', ...names], folder);
  if (!stdout.trimStart().startsWith('[')) return {};
  const images = inspectedSchema.safeParse(JSON.parse(stdout)).data ?? [];
  const found = images.flatMap(({ RepoTags, Config }): [string, ImageFacts][] => {
    const exposed = Object.keys(Config?.ExposedPorts ?? {});
    return (RepoTags ?? []).map((tag) => [tag, { exposed, hasHealthcheck: Boolean(Config?.Healthcheck) }]);
  });
  return Object.fromEntries(found);
}

async function configurationOf({ volumes = [] }: Service): Promise<string[]> {
  const paths: string[] = [];
  for (const { type, source } of volumes)
    if (type === 'bind' && source !== undefined) paths.push(...(await configurationIn(source, maxDepth)));
  return paths.slice(0, maxFiles);
}

async function configurationIn(path: string, depth: number): Promise<string[]> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isFile()) return stats.size <= maxFileBytes && configuration.test(basename(path)) ? [path] : [];
  if (!stats?.isDirectory() || depth === 0) return [];
  const names = (await readdir(path).catch(() => [])).filter((name) => !skipped.test(name)).sort();
  const found: string[] = [];
  for (const name of names) {
    if (found.length >= maxFiles) break;
    found.push(...(await configurationIn(join(path, name), depth - 1)));
  }
  return found;
}

async function dockerfileOf(service: string, { build }: Service, folder: string): Promise<ServiceText[]> {
  if (build === undefined) return [];
  if (build.dockerfile_inline !== undefined)
    return [{ service, path: 'dockerfile_inline', text: build.dockerfile_inline }];
  // A context may also be a URL, which is not a path on this machine.
  return await textOf(service, resolve(folder, build.context ?? '.', build.dockerfile ?? 'Dockerfile'), folder);
}

async function textOf(service: string, path: string, folder: string): Promise<ServiceText[]> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null || text.includes('\0')) return [];
  const inside = relative(folder, path);
  return [{ service, path: inside.startsWith('..') ? path : inside, text }];
}
