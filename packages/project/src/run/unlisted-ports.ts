/** Finds ports that clients of a service with a sidecar can no longer reach by its name. */
import { type ComposeProject, parseExpose } from '../compose/compose-model.ts';
import { findCalls } from '../discover/find-calls.ts';

/** Notes on each service that has a sidecar and known ports that the sidecar does not forward. */
export function unlistedPorts(project: ComposeProject, proxied: Readonly<Record<string, readonly number[]>>): string[] {
  const calls = findCalls(project, []);
  return Object.entries(proxied).flatMap(([name, listed]) => {
    const { ports = [], expose = [] } = project.services[name] ?? {};
    const exposed = expose
      .map(parseExpose)
      .flatMap((one) => one.ports.map((port) => ({ port, protocol: one.protocol })));
    const known = [
      ...ports.map(({ target, protocol }) => ({ port: target, protocol })),
      ...exposed,
      ...calls.flatMap(({ to, port }) => (to === name && port !== null ? [{ port, protocol: 'tcp' }] : [])),
    ];
    const numbers = (wanted: string): string =>
      [...new Set(known.filter((one) => one.protocol === wanted).map(({ port }) => port))]
        .filter((port) => wanted === 'udp' || !listed.includes(port))
        .join(', ');
    const [tcp, udp] = [numbers('tcp'), numbers('udp')];
    return [
      ...(tcp === ''
        ? []
        : [
            `${name}: its sidecar does not forward port ${tcp}, so other services cannot connect there; list it under system.proxies`,
          ]),
      ...(udp === ''
        ? []
        : [`${name}: its sidecar forwards no UDP, so other services cannot use port ${udp} by the name ${name}`]),
    ];
  });
}
