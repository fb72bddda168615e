/** Finds what a client speaks at an address, from the address and the text around it. */

/** `tls` is anything within TLS, `other` anything that is certainly neither that nor HTTP. */
export type Protocol = 'http' | 'tls' | 'other';

const schemes: Readonly<Record<string, { port: number; protocol: Protocol }>> = {
  http: { port: 80, protocol: 'http' },
  ws: { port: 80, protocol: 'http' },
  https: { port: 443, protocol: 'tls' },
  wss: { port: 443, protocol: 'tls' },
  ...Object.fromEntries(
    Object.entries({
      postgres: 5432,
      postgresql: 5432,
      mysql: 3306,
      mariadb: 3306,
      redis: 6379,
      mongodb: 27017,
      amqp: 5672,
      nats: 4222,
      memcached: 11211,
      clickhouse: 9000,
    }).map(([scheme, port]) => [scheme, { port, protocol: 'other' as const }]),
  ),
};

/**
 * The default port of a URL scheme, if it has one, and what it stands for. A driver may be added to
 * a scheme: `postgresql+psycopg2`, `db+mysql`. An unknown scheme, such as `h2c`, shows nothing.
 */
export function schemeOf(name: string): { port?: number; protocol?: Protocol } {
  const [known] = name.split('+').flatMap((part) => schemes[part] ?? []);
  return known ?? {};
}

/** The directives of nginx and Caddy that lead to an upstream, each with what it speaks there. */
const directives: readonly [RegExp, Protocol][] = [
  [/\b(fastcgi|uwsgi|scgi|grpc|memcached)_pass\s+$/, 'other'],
  [/\bphp_fastcgi\s.*$/, 'other'],
  [/\breverse_proxy\s.*$/, 'http'],
];

/** What a client speaks at an address without a scheme, which begins at this index of the text. */
export function protocolAround(text: string, index: number): Protocol | undefined {
  const before = text.slice(0, index);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const directive = directives.find(([pattern]) => pattern.test(line));
  if (directive !== undefined) return directive[1];
  // A server of an upstream of nginx, which other lines use by its name.
  const upstream = /\bupstream\s+([\w.-]+)\s*\{[^{}]*$/.exec(before)?.[1];
  if (upstream === undefined) return undefined;
  const [, pass, scheme] = new RegExp(`\\b(\\w+)_pass\\s+(?:(\\w+)://)?${RegExp.escape(upstream)}\\b`).exec(text) ?? [];
  if (pass === 'proxy') return schemeOf(scheme ?? '').protocol;
  return pass === undefined ? undefined : 'other';
}
