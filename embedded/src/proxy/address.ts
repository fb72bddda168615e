/** Addresses in Go's notation: `host:port`, `[::1]:port`, `:port`. */
import type { AddressInfo } from 'node:net';

export function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[(?<v6>.*)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(address);
  const port = Number(match?.groups?.['port']);
  if (!match || port > 65_535) throw new Error(`address ${address}: must be host:port`);
  const host = match.groups?.['v6'] ?? match.groups?.['host'];
  return { host: host || '0.0.0.0', port };
}

export function formatAddress({ address, family, port }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
