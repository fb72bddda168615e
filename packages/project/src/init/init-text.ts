/** Writes the first `encore.yaml` of a project, in which each line states where it comes from. */
import type { Discovery, FoundTarget } from '../discover/discover-project.ts';
import type { Unsupported } from '../discover/find-unsupported.ts';
import type { AllowShared, SharedResource } from '../generate/shared-resources.ts';
import { inWords } from '../text.ts';
import { diagram } from './diagram.ts';

export interface InitOptions {
  /** Compose files as the user named them; empty if Compose finds them. */
  files: readonly string[];
  profiles: readonly string[];
  /** Path of the JSON Schema, for editors. */
  schema: string;
  /** Path of the workload. */
  workload: string;
}

export function initText(discovery: Discovery, options: InitOptions): string {
  const { entry, otherEntries, targets, proxies, unsupported, shared } = discovery;
  if (entry === null) throw new TypeError('a project without an entry has no encore.yaml');
  const others = otherEntries.map(({ service, port }) => `${service}:${port}`).join(', ');
  const lines = [
    `# yaml-language-server: $schema=${options.schema}`,
    '# What Encore tests in this Compose project. Written by "encore init"; edit it freely.',
    '#',
    '# Who calls whom. [ ] is the sidecar of a port; network faults act there:',
    ...comment(diagram(discovery)),
    '#',
    '# What Encore cannot do here, and why:',
    ...comment(unsupportedLines(unsupported)),
    '',
    'system:',
    '  compose:',
    ...(options.files.length === 0
      ? ['    files: [] # those that Compose finds in this folder']
      : [`    files: ${list(options.files)}`]),
    `    profiles: ${list(options.profiles)}`,
    ...sharedLines(shared),
    `  entry: ${plain(`${entry.service}:${entry.port}`)} # where users connect${others === '' ? '' : `; also published: ${others}`}`,
    `  recoveryOf: ${plain(entry.service)} # the container whose recovery is judged`,
    '  containers:',
    ...targets.flatMap(({ service, replicas, ready }) => [
      `    ${plain(service)}:`,
      '      allowedKinds: all # or a list, such as [crash, freeze]',
      ...(replicas === 1 ? [] : [`      replicas: ${replicas} # as in the Compose file`]),
      ...healthLines(ready),
    ]),
    '  proxies:',
    ...proxies.map(
      ({ service, port, probe, sources }) =>
        `    ${plain(`${service}:${port}`)}: { probe: ${probe}, allowedKinds: all } # ${note(sourcesText(sources))}`,
    ),
    '',
    `workload: ${plain(options.workload)}`,
    'profile: smoke # smoke (3 minutes), quick, moderate or full (24 hours)',
    ...scheduleLines(entry, targets),
    '',
  ];
  return lines.join('\n');
}

/** The default schedule leaves all other services alone, which few users expect. */
function scheduleLines({ service: judged, port }: NonNullable<Discovery['entry']>, targets: readonly FoundTarget[]) {
  const others = targets.map(({ service }) => service).filter((service) => service !== judged);
  if (others.length === 0) return [];
  const rule = (name: string, target: string, phase: number, kinds: string) =>
    `#   - { name: ${name}, target: ${plain(target)}, when: { everyMinutes: 1, phase: ${phase} }, faults: [${kinds}] }`;
  return [
    '',
    `# Without a schedule, faults act on ${note(judged)} and ${note(`${judged}:${port}`)} only. To choose them yourself, uncomment and edit:`,
    '# schedule:',
    rule('crashes', judged, 0.25, '{ kind: crash }'),
    ...others.slice(0, 1).map((other) => rule('restarts', other, 0.75, '{ kind: restart }')),
    ...(others.length > 1 ? [`# Others that may get a rule: ${note(others.slice(1).join(', '))}`] : []),
  ];
}

function healthLines(ready: FoundTarget['ready']): string[] {
  return ready === null ? [] : ['      health:', `        ready: ${plain(ready.url)} # ${note(ready.source)}`];
}

/** One line per limit, with everything that it applies to. */
export function unsupportedLines(unsupported: readonly Unsupported[]): string[] {
  const byText = new Map<string, string[]>();
  for (const { on, text } of unsupported) byText.set(text, [...(byText.get(text) ?? []), on]);
  const lines = [...byText].map(([text, names]) => `${names.join(', ')}: ${text}`);
  return lines.length === 0 ? ['nothing was found'] : lines;
}

/** One mention for a source that several services have: `environment DB_HOST of api and worker`. */
function sourcesText(sources: readonly string[]): string {
  const split = sources.map(
    (source) => /^(environment .*|command|depends_on) of (.*)$/.exec(source) ?? [source, source],
  );
  const byWhat = Map.groupBy(split, ([, what]) => what);
  const texts = Array.from(byWhat, ([what, all]) => {
    const services = all.flatMap(([, , service]) => service ?? []);
    return services.length === 0 ? what : `${what} of ${inWords(services)}`;
  });
  return texts.join('; ');
}

/** Nothing is shared before the user removes the `#` of a line. */
function sharedLines(shared: readonly SharedResource[]): string[] {
  if (shared.length === 0) return [];
  const kinds = [...new Set(shared.map(({ kind }) => kind))] satisfies (keyof AllowShared)[];
  return [
    '  # A run would share these with your own stack, so it is refused. To allow one, uncomment its line,',
    '  # the heading above it and allowShared.',
    '  # allowShared:',
    ...kinds.flatMap((kind) => [
      `  #   ${kind}:`,
      ...shared.filter((one) => one.kind === kind).map(({ name, use }) => `  #     - ${plain(name)} # ${note(use)}`),
    ]),
  ];
}

const comment = (lines: readonly string[]): string[] => lines.map((line) => `#   ${note(line)}`);
/** A line break would end the comment. */
const note = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');
const list = (values: readonly string[]): string => `[${values.map(plain).join(', ')}]`;

/** A text as YAML: in quotation marks unless it is certainly a plain one. */
function plain(text: string): string {
  const isPlain =
    /^[A-Za-z./][\w./-]*(:\d+[\w./-]*|:\/\/[\w./:-]*\w\/?)?$/.test(text) &&
    !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
