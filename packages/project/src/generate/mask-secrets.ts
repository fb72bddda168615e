/**
 * Hides what may be secret in a generated project: every value of an environment, a build argument
 * or a config, and in other text what looks like a password.
 */
import type { ComposeProject, Service } from '../compose/compose-model.ts';
import { labels } from './labels.ts';

const mask = '***';
const secretName =
  /pass(?:wo?r?d)?|pwd|secret|token|credential|api_?key|private_?key|access_?key|basic_?auth|\bauth\b/i;
/** Shorter values are ordinary words more often than secrets. */
const minSecretLength = 4;

export function maskSecrets(project: ComposeProject): ComposeProject {
  // A password may appear in the command of one service and in the health check of another.
  const secrets = [...new Set(Object.values(project.services).flatMap(secretsOf))];
  const services = Object.entries(project.services).map(([name, service]) => [
    name,
    isSidecar(service) ? service : maskService(service, secrets),
  ]);
  const configs = Object.entries(project.configs).map(([name, { content, ...config }]) => [
    name,
    content === undefined ? config : { ...config, content: mask },
  ]);
  return { ...project, services: Object.fromEntries(services), configs: Object.fromEntries(configs) };
}

/** Values that are secrets by the name beside them, or by their place in a URL. */
function secretsOf({ environment, build, command, entrypoint, healthcheck, labels: all }: Service): string[] {
  const variables = Object.entries({ ...build?.args, ...environment, ...all }).map(([name, value]) => ({
    name,
    value: value ?? '',
  }));
  const lines = [entrypoint, command, healthcheck?.test].map((words) => (words ?? []).join(' '));
  const named = [...variables, ...lines.flatMap(namedIn)].filter(({ name }) => secretName.test(name));
  const inUrls = [...lines, ...variables.map(({ value }) => value)].flatMap((text) =>
    [...text.matchAll(urlPassword)].map(([, , password = '']) => password),
  );
  return [...named.map(({ value }) => value), ...inUrls].filter(({ length }) => length >= minSecretLength);
}

/** Sidecars are Encore's own. */
const isSidecar = (service: Service): boolean => service.labels?.[labels.sidecarOf] !== undefined;

function maskService(service: Service, secrets: readonly string[]): Service {
  const { environment, build } = service;
  const masked = Object.entries(service).map(([key, value]) => {
    const change = freeText.has(key) ? (text: string) => maskText(text, secrets) : maskUrls;
    return [key, mapText(value, change)];
  });
  return {
    ...(Object.fromEntries(masked) as Service),
    ...(service.labels && { labels: maskLabels(service.labels, secrets) }),
    ...(environment && { environment: maskValues(environment) }),
    ...(build && {
      build: {
        ...(mapText(build, maskUrls) as typeof build),
        ...(build.args && { args: maskValues(build.args) }),
        ...(build.dockerfile_inline !== undefined && { dockerfile_inline: maskText(build.dockerfile_inline, secrets) }),
      },
    }),
  };
}

/**
 * Other settings are names and paths, in which a password such as `postgres` is not a secret, and
 * whose references must stay valid.
 */
const freeText = new Set(['command', 'entrypoint', 'healthcheck', 'annotations', 'logging', 'post_start', 'pre_stop']);

/** Encore's own labels have names. */
function maskLabels(all: Record<string, string>, secrets: readonly string[]): Record<string, string> {
  const own = Object.values<string>(labels);
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, own.includes(name) ? value : maskText(value, secrets)]),
  );
}

const maskValues = (values: Record<string, string | null>): Record<string, string | null> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === null ? null : mask]));

function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapText(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapText(inner, change)]));
}

const urlPassword = /(:\/\/[^\s/:@]*:)([^\s/@]+)@/g;
const namedPatterns = [
  // name=password
  /([\w-]+)=("[^"]*"|'[^']*'|[^\s"']+)/g,
  // --name password
  /(?<=^|\s)(--?[\w-]+)\s+(?!-)("[^"]*"|'[^']*'|[^\s"']+)/g,
];

function namedIn(text: string): { name: string; value: string }[] {
  return namedPatterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, name = '', value = '']) => ({
      name,
      value: value.replace(/^(["'])(.*)\1$/, '$2'),
    })),
  );
}

const maskUrls = (text: string): string => text.replaceAll(urlPassword, `$1${mask}@`);

function maskText(text: string, secrets: readonly string[]): string {
  const masked = namedPatterns.reduce(
    (result, pattern) =>
      result.replaceAll(pattern, (all, name: string, value: string) =>
        secretName.test(name) ? `${all.slice(0, -value.length)}${mask}` : all,
      ),
    maskUrls(text),
  );
  return secrets.reduce((result, secret) => result.replaceAll(secret, mask), masked);
}
