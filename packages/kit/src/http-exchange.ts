/**
 * One HTTP request and its whole response, on a connection that is used once and never goes through a proxy. Everything that the lab's
 * programs call is on this machine or in the lab's own networks, and a proxy outside reaches neither. `fetch` and Node's shared agent
 * take HTTP_PROXY from the environment when NODE_USE_ENV_PROXY is set, also for 127.0.0.1; an agent made for the request does not.
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { createKnownAddressLookup } from './known-address.ts';

/**
 * On Docker the engine resolves names: a call to a service that was called before must not depend
 * on it.
 */
const lookup = createKnownAddressLookup();

export interface ExchangeOptions {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Ends the exchange; a request without an end would wait for ever. */
  signal: AbortSignal;
}

export interface ExchangeResponse {
  status: number;
  text: string;
}

/** Throws what the connection ended with, or the signal's reason. Redirects are not followed. */
export async function httpExchange(url: string, options: ExchangeOptions): Promise<ExchangeResponse> {
  const { method = 'GET', headers = {}, body, signal } = options;
  // Taken without an import, for the reason that node-http.ts gives.
  const { request } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
  signal.throwIfAborted();
  const requestOptions: RequestOptions = { method, headers, agent: false, signal, lookup };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, requestOptions, resolve).on('error', reject).end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
