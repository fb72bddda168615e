/**
 * `encore init`: writes encore.yaml for the Compose project in a folder, and a workload if there is
 * none. Starts nothing.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { describeError, pluralize } from '@encore/kit';
import { type ComposeProject, imageName } from '../compose/compose-model.ts';
import { readCompose } from '../compose/read-compose.ts';
import { type Discovery, discoverProject } from '../discover/discover-project.ts';
import { noPort } from '../discover/find-unsupported.ts';
import type { ProjectFacts } from '../discover/project-facts.ts';
import { readFacts } from '../discover/read-facts.ts';
import { encoreFileName } from '../encore-file/encore-file-name.ts';
import { diagram } from './diagram.ts';
import { editorConfigPath, editorConfigText } from './editor-config.ts';
import { initText, unsupportedLines } from './init-text.ts';
import { workloadFolder } from './workload-names.ts';
import { workloadPath, workloadText } from './workload-text.ts';

export interface InitProject {
  /** The user's current folder. */
  folder: string;
  /** Compose files as the user named them; empty for those that Compose finds. */
  files: readonly string[];
  /** Replaces files that exist. */
  force: boolean;
  /** Path of the JSON Schema of encore.yaml. */
  schema: string;
  /** Folder of Encore's checkout, in which editors find the types of a workload. */
  encore: string;
}

const workloadPaths = ['', `${workloadFolder}/`].flatMap((place) =>
  ['mts', 'mjs', 'yaml', 'yml'].map((extension) => `${place}encore.workload.${extension}`),
);

/**
 * Writes the file next to the first Compose file. Returns what to print, and the path of the file's
 * folder from the current one (empty if it is that).
 */
export async function initProject(
  input: InitProject,
): Promise<{ ok: true; lines: string[]; place: string } | { ok: false; problems: string[] }> {
  const [first] = input.files;
  const folder = first === undefined ? input.folder : dirname(resolve(input.folder, first));
  const files = input.files.map((file) => relative(folder, resolve(input.folder, file)));
  const path = join(folder, encoreFileName);
  const place = relative(input.folder, folder);
  const shown = join(place, encoreFileName);
  if (!input.force && existsSync(path))
    return { ok: false, problems: [`${shown} exists and was not changed; edit it, or replace it with --force`] };
  const read = await readCompose({ folder, files }, 'go to the folder of your Compose file, or name it with -f FILE');
  if (!read.ok) return { ok: false, problems: [read.problem] };
  const facts = await readFacts(read.project, { folder, files });
  const discovery = discoverProject(read.project, facts, folder);
  const { entry, paths } = discovery;
  if (entry === null) return { ok: false, problems: withoutEntry(discovery) };
  const profiles = activeProfiles(read.project, facts.active);
  // A workload that exists is the user's own, even with --force.
  const present = workloadPaths.find((name) => existsSync(join(folder, name)));
  const newWorkload = present === undefined ? workloadText({ entry, paths }) : null;
  const workload = present ?? workloadPath;
  const text = initText(discovery, { files, profiles, schema: input.schema, workload });
  try {
    await writeFile(path, text, { flag: input.force ? 'w' : 'wx' });
    if (newWorkload !== null) {
      await mkdir(dirname(join(folder, workloadPath)), { recursive: true });
      await writeFile(join(folder, workloadPath), newWorkload, { flag: 'wx' });
      await writeFile(join(folder, editorConfigPath), editorConfigText(input.encore));
    }
  } catch (error) {
    return { ok: false, problems: [`${folder} cannot be written: ${describeError(error)}`] };
  }
  return {
    ok: true,
    place,
    lines: [
      ...read.warnings.map((warning) => `docker compose: ${warning}`),
      ...(newWorkload === null
        ? []
        : [
            `Wrote ${join(place, workloadPath)}: one operation for each GET request that was found.`,
            `Wrote ${join(place, editorConfigPath)}: lets your editor complete and check the workload.`,
          ]),
      ...summary(discovery, shown),
      ...hints(discovery, facts, shown).flatMap((hint) => ['', hint]),
    ],
  };
}

/** Profiles that start only active services. Compose does not name those that are active. */
function activeProfiles({ services }: ComposeProject, active: readonly string[]): string[] {
  const profilesOf = (some: readonly string[]) => some.flatMap((name) => services[name]?.profiles ?? []);
  const inactive = profilesOf(Object.keys(services).filter((name) => !active.includes(name)));
  return [...new Set(profilesOf(active))].filter((profile) => !inactive.includes(profile));
}

/** What the user can do to get more out of the file. */
function hints({ project, targets, entry }: Discovery, { images, active }: ProjectFacts, shown: string): string[] {
  const judged = targets.find(({ service }) => service === entry?.service);
  const services = Object.entries(project.services).filter(([name]) => active.includes(name));
  const built = services.flatMap(([name, service]) => (service.build ? [imageName(project, name, service)] : []));
  const missing = services.filter(([name, service]) => {
    const image = imageName(project, name, service);
    return !built.includes(image) && images[image] === undefined;
  });
  return [
    ...(judged?.ready?.isGuess === true
      ? [
          `Is ${judged.ready.url} answered with 200? It is a guess, because ${judged.service} has no health check with a URL. If not, change health.ready of ${judged.service} in ${shown}, and the path in the workload; a run would be refused.`,
        ]
      : []),
    ...(missing.length === 0
      ? []
      : [
          `Not on this machine: the images of ${missing.map(([name]) => name).join(', ')}. After "docker compose pull", init --force also finds the ports that they expose.`,
        ]),
  ];
}

function withoutEntry({ project, proxies, unsupported }: Discovery): string[] {
  if (Object.keys(project.services).length === 0) return ['the Compose project has no services'];
  const next =
    'If a service listens on such a port, add it to the Compose file under ports or expose, and run init again';
  const noHttp = proxies.map(({ service, port, sources }) => ({
    on: `${service}:${port}`,
    text: `does not speak HTTP (${sources.join('; ')})`,
  }));
  const limits = unsupported
    .filter(({ text }) => /faults|not a target/.test(text))
    .map(({ on, text }) => ({ on, text: text === noPort ? 'no TCP port was found' : text }));
  return [
    proxies.length === 0
      ? `no service has a TCP port that Encore could put a sidecar in front of, so users would have nothing to connect to. ${next}. What was found:`
      : `no service has a port that speaks HTTP, which users send. ${next}. What was found:`,
    ...unsupportedLines([...noHttp, ...limits]).map((line) => `  ${line}`),
  ];
}

function summary(discovery: Discovery, shown: string): string[] {
  const { unsupported, shared, targets, proxies } = discovery;
  return [
    `Wrote ${shown}: ${pluralize(targets.length, 'container')}, ${pluralize(proxies.length, 'proxy', 'proxies')}.`,
    '',
    'Who calls whom ([ ] is a sidecar):',
    ...diagram(discovery).map((line) => `  ${line}`),
    '',
    'What Encore cannot do here, and why:',
    ...unsupportedLines(unsupported).map((line) => `  ${line}`),
    ...(shared.length === 0
      ? []
      : ['', `A run is refused until you allow, in ${shown}, what it would share with your own stack:`]),
    ...shared.map(({ use }) => `  ${use}`),
  ];
}
