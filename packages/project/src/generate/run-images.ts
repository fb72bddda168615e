/**
 * Pins the images that a run builds. Without that, a build would replace the image of the user's
 * own stack, or the image of a renamed service would have a different name from the one its users
 * expect.
 */
import { sha256Hex } from '@encore/kit';
import { type ComposeProject, imageName, type Service } from '../compose/compose-model.ts';
import { runLabels } from './labels.ts';

const repository = 'localhost/encore-project';
const maxTagLength = 128;

export interface RunImages {
  /** The settings `image`, `build` and `pull_policy` of a service in the run. */
  settingsOf(service: Service, name: string): Pick<Service, 'image' | 'build'> & { pull_policy?: string };
}

export function pinImages(
  project: ComposeProject,
  runProject: string,
  runId: string,
  renamed: (name: string) => string,
): RunImages {
  const built = new Map<string, string>();
  for (const [name, service] of Object.entries(project.services)) {
    const image = imageName(project, name, service);
    if (service.build !== undefined && !built.has(image)) built.set(image, `${repository}:${tagOf(runProject, name)}`);
  }
  return {
    settingsOf(service, name) {
      const pinned = built.get(imageName(project, name, service));
      if (pinned === undefined) return {};
      // Another service builds it, so no registry has it.
      if (service.build === undefined) return { image: pinned, pull_policy: 'never' };
      return { image: pinned, build: runBuild(service.build, runId, renamed), pull_policy: 'build' };
    },
  };
}

/** Leaves out what would write outside the run: other tags, and caches. */
function runBuild(build: NonNullable<Service['build']>, runId: string, renamed: (name: string) => string) {
  const { tags: _tags, cache_to: _cache, additional_contexts: contexts, ...rest } = build;
  const mapped = Object.entries(contexts ?? {}).map(([name, context]) => [name, renamedContext(context, renamed)]);
  return {
    ...rest,
    ...(mapped.length > 0 && { additional_contexts: Object.fromEntries(mapped) }),
    labels: { ...build.labels, ...runLabels(runId) },
  };
}

function renamedContext(context: string, renamed: (name: string) => string): string {
  return context.startsWith('service:') ? `service:${renamed(context.slice('service:'.length))}` : context;
}

/** A tag, because a name such as `lab_-encore-1` is not valid in the path of a repository. */
function tagOf(runProject: string, service: string): string {
  const tag = `${runProject}-${service}`;
  return tag.length <= maxTagLength ? tag : `${tag.slice(0, maxTagLength - 9)}-${sha256Hex(tag).slice(0, 8)}`;
}
