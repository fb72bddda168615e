/** Finds ports that clients of a service with a sidecar can no longer reach by its name. */
import { type ComposeProject, parseExpose } from '../compose/compose-model.ts';
import { findCalls } from '../discover/find-calls.ts';

/** One note per service that has a sidecar and a known port that the sidecar does not forward. */
export function unlistedPorts(project: ComposeProject, proxied: Readonly<Record<string, readonly number[]>>): string[] {
  const calls = findCalls(project, []);
  return Object.entries(proxied).flatMap(([name, listed]) => {
    const { ports = [], expose = [] } = project.services[name] ?? {};
    const exposed = expose.map(parseExpose).flatMap((one) => one.ports.map((port) => ({ port, ...one })));
    const known = [
      ...ports.map(({ target, protocol }) => ({ port: target, protocol })),
      ...exposed.map(({ port, protocol }) => ({ port, protocol })),
      ...calls.flatMap(({ to, port }) => (to === name && port !== null ? [{ port, protocol: 'tcp' }] : [])),
    ];
    const missing = known.filter(({ port, protocol }) => protocol === 'udp' || !listed.includes(port));
    const names = [...new Set(missing.map(({ port, protocol }) => `${port}/${protocol}`))];
    if (names.length === 0) return [];
    return [
      `${name}: its sidecar does not forward ${names.join(', ')}, so other services cannot connect to ${name} there; list TCP ports under system.proxies`,
    ];
  });
}
