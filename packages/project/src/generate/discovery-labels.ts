/**
 * Labels by which a program finds containers on the whole engine, such as those of Traefik. A copy
 * with these labels would be found by the program of the user's own stack, which would send it
 * requests of real users, restart it or replace it.
 */
import { type ComposeProject, hasImageOf, type Service, usesImageOf } from '../compose/compose-model.ts';

/** Programs, by a part of the name of their image, with the labels that each reads. */
const labelsOf: readonly [string, RegExp][] = [
  ['traefik', /^traefik\./],
  ['caddy', /^caddy(_\w+)?(\.|$)/],
  ['ofelia', /^ofelia\./],
  ['autoheal', /^autoheal/],
  ['deunhealth', /^deunhealth\./],
  ['watchtower', /^com\.centurylinklabs\.watchtower\./],
];

/** Leaves them out, unless the project has such a program itself, which needs them in the run. */
export function withoutDiscovery(project: ComposeProject, labels: Service['labels'] = {}): Record<string, string> {
  const unused = labelsOf.filter(([program]) => !hasImageOf(project, program)).map(([, pattern]) => pattern);
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !unused.some((pattern) => pattern.test(name))));
}

/** Whether a service finds others on the whole engine, through its socket. */
export function findsByLabel({ image = '', volumes = [] }: Service): boolean {
  const mountsSocket = volumes.some(({ source = '' }) => source.endsWith('docker.sock'));
  return mountsSocket && labelsOf.some(([program]) => usesImageOf(image, program));
}
