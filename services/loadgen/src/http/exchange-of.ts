/** Turns a request of a workload into what is sent. */
import type { Request } from '@encore/workload';
import type { ExchangeRequest } from './exchange.ts';

export function exchangeOf({ method, path, headers, body, json, read = 'text', maxBytes }: Request): ExchangeRequest {
  const type: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' };
  const exchange: ExchangeRequest = { method, path, headers: { ...type, ...headers }, read };
  if (maxBytes !== undefined) exchange.maxTextBytes = maxBytes;
  const content = json === undefined ? body : JSON.stringify(json);
  if (typeof content === 'string' || content instanceof Uint8Array)
    exchange.body = { bytes: Buffer.byteLength(content), content };
  else if (content !== undefined) exchange.body = { bytes: content.bytes, content: content.chunks };
  return exchange;
}
