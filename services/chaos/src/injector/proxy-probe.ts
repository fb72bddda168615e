/**
 * Probes a proxied path from outside with one raw, timed exchange in the protocol of the target: an
 * HTTP request, the first message of PostgreSQL's protocol, which a database answers with one byte,
 * or a PING of Redis. A `banner` arrives without a request; with `none`, no response is known, so
 * only the connection itself is observed.
 */
import { connect } from 'node:net';
import type { Probe } from '@encore/contracts';
import { EncoreError, ownValue } from '@encore/kit';

export interface Address {
  host: string;
  port: number;
}

export interface Exchange {
  /** `complete`: the peer responded and closed the connection normally. */
  end: 'complete' | 'refused' | 'reset' | 'timeout' | 'unreachable';
  connectMs: number | null;
  firstByteMs: number | null;
  lastByteMs: number | null;
  totalMs: number;
  bytes: number;
  /** The first bytes as text, one character each. */
  start: string;
}

const startLength = 40;

export interface ExchangeOptions {
  timeoutMs: number;
  /**
   * Number of consecutive requests on the connection, each with padding, for effects that need
   * volume.
   */
  requests?: number;
  paddingBytes?: number;
}

/** How a response begins in each protocol; null if that is unknown. */
const answers: Readonly<Record<Probe, RegExp | null>> = {
  http: /^HTTP\//,
  // S and N: with and without TLS. E: an error.
  postgres: /^[SNE]/,
  redis: /^(\+PONG|-)/,
  banner: /^./s,
  none: null,
};

/** Describes how an exchange shows that a proxy has the wrong probe; null if the probe fits. */
export function misfitOf(probe: Probe, { end, connectMs, bytes, start }: Exchange): string | null {
  const expected = answers[probe];
  if (expected === null) return connectMs !== null && end !== 'reset' ? null : `a connection was ${end}`;
  if (bytes === 0) return `no answer to the probe ${probe} (${end})`;
  return expected.test(start) ? null : `the answer to the probe ${probe} was ${JSON.stringify(start)}`;
}

/** Probes of one proxied path. */
export interface ProxyProbes {
  through(options: ExchangeOptions): Promise<Exchange>;
  /** Bypasses the proxy; `unreachable` where the injector cannot. */
  direct(options: ExchangeOptions): Promise<Exchange>;
}

export type ExchangeProbe = (proxy: string, address: Address, options: ExchangeOptions) => Promise<Exchange>;

/** Speaks the protocol of each proxy. */
export function exchangeOf(proxies: Readonly<Record<string, { readonly probe: Probe }>>): ExchangeProbe {
  return (proxy, address, options) => {
    const protocol = ownValue(proxies, proxy)?.probe;
    if (protocol === undefined)
      throw new EncoreError(
        'TARGET_MISSING',
        `the system has no proxy ${proxy}; it has ${Object.keys(proxies).join(', ')}`,
      );
    return exchange(protocol, address, options);
  };
}

function exchange(protocol: Probe, address: Address, options: ExchangeOptions): Promise<Exchange> {
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
      start: '',
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
      const request = requestOf(protocol, address, options);
      if (request !== null) socket.write(request);
    });
    socket.on('data', (chunk) => {
      seen.firstByteMs ??= passed();
      seen.lastByteMs = passed();
      seen.bytes += chunk.length;
      seen.start = (seen.start + chunk.toString('latin1')).slice(0, startLength);
      if (protocol !== 'http') finish('complete');
    });
    // An end without a byte is a disconnect: the proxy closes when its upstream is down.
    socket.once('end', () => finish(seen.bytes > 0 ? 'complete' : 'reset'));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(endOf(error)));
  });
}

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

function requestOf(protocol: Probe, address: Address, options: ExchangeOptions): string | Buffer | null {
  switch (protocol) {
    case 'http':
      return httpRequests(address, options);
    case 'postgres':
      return sslRequest;
    case 'redis':
      // Answered with +PONG, or with an error if a password is needed.
      return 'PING\r\n';
    case 'banner':
    case 'none':
      return null;
  }
}

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
