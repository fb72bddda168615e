/**
 * Sends one HTTP request and reads the whole response, on its own connection and never through
 * a proxy. The lab's programs call only this machine and the lab's networks, which an outside proxy
 * cannot reach. With NODE_USE_ENV_PROXY, `fetch` and Node's shared agent use HTTP_PROXY even for
 * 127.0.0.1; a one-off agent does not.
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { createKnownAddressLookup } from './known-address.ts';

/** Calls to known services must not depend on the engine, which resolves names on Docker. */
const lookup = createKnownAddressLookup();

export interface ExchangeOptions {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Aborts the exchange; required, because there is no other timeout. */
  signal: AbortSignal;
}

export interface ExchangeResponse {
  status: number;
  text: string;
}

/** Throws the connection's error or the signal's reason. Does not follow redirects. */
export async function httpExchange(url: string, options: ExchangeOptions): Promise<ExchangeResponse> {
  const { method = 'GET', headers = {}, body, signal } = options;
  // No import, for the reason given in node-http.ts.
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
