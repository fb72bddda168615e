/**
 * Hides what may be secret in a generated project: every value of an environment, a build argument
 * or a config, and in other text what looks like a password.
 */
import type { ComposeProject, Service } from '../compose/compose-model.ts';
import { labels } from './labels.ts';

const mask = '***';
const secretName = /pass(?:wo?r?d)?|pwd|secret|token|credential|api_?key|private_?key|access_?key/i;
/** Shorter values are ordinary words more often than secrets. */
const minSecretLength = 4;

export function maskSecrets(project: ComposeProject): ComposeProject {
  const services = Object.entries(project.services).map(([name, service]) => [
    name,
    isSidecar(service) ? service : maskService(service),
  ]);
  const configs = Object.entries(project.configs).map(([name, { content, ...config }]) => [
    name,
    content === undefined ? config : { ...config, content: mask },
  ]);
  return { ...project, services: Object.fromEntries(services), configs: Object.fromEntries(configs) };
}

/** Sidecars are Encore's own. */
const isSidecar = (service: Service): boolean => service.labels?.[labels.sidecarOf] !== undefined;

function maskService(service: Service): Service {
  const { environment, build } = service;
  const secrets = Object.entries({ ...build?.args, ...environment })
    .filter(([name, value]) => secretName.test(name) && (value ?? '').length >= minSecretLength)
    .map(([, value]) => value ?? '');
  const { image, networks, volumes, ...rest } = service;
  const masked = mapText(rest, (text) => maskText(text, secrets)) as Service;
  return {
    ...masked,
    // Names and paths, in which a password such as `postgres` is no secret.
    ...(image !== undefined && { image }),
    ...(networks && { networks }),
    ...(volumes && { volumes }),
    ...(environment && { environment: maskValues(environment) }),
    ...(build && { build: { ...build, ...(build.args && { args: maskValues(build.args) }) } }),
    ...(service.depends_on && { depends_on: service.depends_on }),
  };
}

const maskValues = (values: Record<string, string | null>): Record<string, string | null> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === null ? null : mask]));

function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return maskArguments(value.map((one) => mapText(one, change)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === 'string' && secretName.test(key) ? mask : mapText(inner, change),
    ]),
  );
}

/** Masks the argument after an option such as `--requirepass`. */
function maskArguments(values: unknown[]): unknown[] {
  return values.map((value, index) => {
    const option = values[index - 1];
    const isSecret = typeof option === 'string' && /^--?[\w-]+$/.test(option) && secretName.test(option);
    return isSecret && typeof value === 'string' && !value.startsWith('-') ? mask : value;
  });
}

function maskText(text: string, secrets: readonly string[]): string {
  const masked = text
    // user:password@ in a URL
    .replaceAll(/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${mask}@`)
    // name=password, and --name password
    .replaceAll(/([\w-]+)=("[^"]*"|'[^']*'|[^\s"']+)/g, maskNamed)
    .replaceAll(/(?<=^|\s)(--?[\w-]+)\s+(?!-)("[^"]*"|'[^']*'|[^\s"']+)/g, maskNamed);
  return secrets.reduce((result, secret) => result.replaceAll(secret, mask), masked);
}

const maskNamed = (all: string, name: string, value: string): string =>
  secretName.test(name) ? `${all.slice(0, -value.length)}${mask}` : all;
