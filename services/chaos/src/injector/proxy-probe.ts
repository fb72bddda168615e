/**
 * Probes a proxied path from outside with one raw, timed exchange: an HTTP request, or the first
 * message of PostgreSQL's protocol, which a database answers with one byte.
 */
import { connect } from 'node:net';
import type { SystemProxy } from '@encore/contracts';
import { EncoreError, ownValue } from '@encore/kit';

export interface Address {
  host: string;
  port: number;
}

export interface Exchange {
  /** `complete`: the peer answered and closed in order. */
  end: 'complete' | 'refused' | 'reset' | 'timeout' | 'unreachable';
  connectMs: number | null;
  firstByteMs: number | null;
  lastByteMs: number | null;
  totalMs: number;
  bytes: number;
}

export interface ExchangeOptions {
  timeoutMs: number;
  /**
   * Number of consecutive requests on the connection, each with padding, for effects that need
   * volume.
   */
  requests?: number;
  paddingBytes?: number;
}

export type ExchangeProbe = (proxy: string, address: Address, options: ExchangeOptions) => Promise<Exchange>;

type Protocol = SystemProxy['probe'];

/** Speaks the protocol of each proxy. */
export function exchangeOf(proxies: Readonly<Record<string, { readonly probe: Protocol }>>): ExchangeProbe {
  return (proxy, address, options) => {
    const protocol = ownValue(proxies, proxy)?.probe;
    if (protocol === undefined) throw new EncoreError('TARGET_MISSING', `the system has no proxy ${proxy}`);
    return exchange(protocol, address, options);
  };
}

function exchange(protocol: Protocol, address: Address, options: ExchangeOptions): Promise<Exchange> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const passed = () => performance.now() - startedAt;
    const seen: Exchange = {
      end: 'timeout',
      connectMs: null,
      firstByteMs: null,
      lastByteMs: null,
      totalMs: 0,
      bytes: 0,
    };
    const socket = connect({ ...address, noDelay: true });
    const finish = (end: Exchange['end']) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...seen, end, totalMs: passed() });
    };
    const timer = setTimeout(() => finish('timeout'), options.timeoutMs);
    socket.once('connect', () => {
      seen.connectMs = passed();
      socket.write(protocol === 'http' ? httpRequests(address, options) : sslRequest);
    });
    socket.on('data', (chunk) => {
      seen.firstByteMs ??= passed();
      seen.lastByteMs = passed();
      seen.bytes += chunk.length;
      if (protocol === 'postgres') finish('complete');
    });
    // An end without a byte is a disconnect: the proxy closes when its upstream is down.
    socket.once('end', () => finish(seen.bytes > 0 ? 'complete' : 'reset'));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(endOf(error)));
  });
}

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

function httpRequests({ host, port }: Address, { requests = 1, paddingBytes = 0 }: ExchangeOptions): string {
  const padding = paddingBytes === 0 ? '' : `x-padding: ${'.'.repeat(paddingBytes)}\r\n`;
  return Array.from({ length: requests }, (_, index) => {
    const connection = index === requests - 1 ? 'close' : 'keep-alive';
    return `GET /effect-check HTTP/1.1\r\nhost: ${host}:${port}\r\nconnection: ${connection}\r\n${padding}\r\n`;
  }).join('');
}

function endOf(error: NodeJS.ErrnoException): Exchange['end'] {
  if (error.code === 'ECONNREFUSED') return 'refused';
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'reset';
  return 'unreachable';
}
