/** Draws which service calls which, with the sidecars in between. */
import type { Discovery } from '../discover/discover-project.ts';

interface Line {
  from: string;
  to: string;
  note: string;
}

/** One line per caller and port: `  api ──▶ [db:5432] db   environment DB_URL of api`. */
export function diagram({ calls, proxies, entry, otherEntries, project }: Discovery): string[] {
  const isProxied = (service: string, port: number | null): boolean =>
    proxies.some((proxy) => proxy.service === service && proxy.port === port);
  const portsOf = (service: string): number[] =>
    proxies.filter((proxy) => proxy.service === service).map(({ port }) => port);
  const hop = (service: string, port: number | null): string => {
    if (port !== null) return isProxied(service, port) ? `[${service}:${port}] ${service}` : `${service}:${port}`;
    const ports = portsOf(service);
    return ports.length > 0 ? `[${service}:${ports.join('|')}] ${service}` : service;
  };
  const entries = [...(entry === null ? [] : [entry]), ...otherEntries];
  const lines: Line[] = entries.map(({ service, port, sources }) => ({
    from: 'users',
    to: hop(service, port),
    note: sources[0] ?? '',
  }));
  const order = Object.keys(project.services);
  const sorted = calls.toSorted((a, b) => order.indexOf(a.from) - order.indexOf(b.from));
  for (const { from, to, port, source } of sorted) {
    const line = { from, to: hop(to, port), note: source.replace(` of ${from}`, '') };
    if (!lines.some((other) => other.from === line.from && other.to === line.to)) lines.push(line);
  }
  const width = (key: 'from' | 'to'): number => Math.max(0, ...lines.map((line) => line[key].length));
  return lines.map(({ from, to, note }) =>
    `${from.padEnd(width('from'))} ──▶ ${to.padEnd(width('to'))}   ${note}`.trimEnd(),
  );
}
