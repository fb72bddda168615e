/** JSON over HTTP between Encore's services, with a timeout, a schema and typed errors. */
import { serverErrorSchema } from '@encore/contracts/server-api';
import type { z } from 'zod';
import { EncoreError } from './encore-error.ts';
import { type ExchangeOptions, httpExchange } from './http-exchange.ts';
import { parse } from './parse.ts';

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  /** Sent as a bearer token. */
  token?: string | undefined;
  timeoutMs: number;
  signal?: AbortSignal;
}

/**
 * Calls a service and parses its JSON response. Throws the code and status that the service sent,
 * or else UNREACHABLE (503) or PEER_ERROR (the status of the response).
 */
export async function callJson<Schema extends z.ZodType>(
  url: string,
  schema: Schema,
  options: CallOptions,
): Promise<z.infer<Schema>> {
  const text = await callText(url, options);
  const request = `${options.method ?? 'GET'} ${url}`;
  return parse(schema, text === '' ? undefined : JSON.parse(text), `response to ${request}`);
}

/** Like `callJson`, for a response of any format. */
export async function callText(url: string, options: CallOptions): Promise<string> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline;
  const method = options.method ?? 'GET';
  let status: number;
  let text: string;
  try {
    ({ status, text } = await httpExchange(url, { method, signal, ...jsonRequest(options) }));
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    throw new EncoreError(
      'UNREACHABLE',
      `${method} ${url}: connection failed, or no response within ${options.timeoutMs / 1_000} s`,
      { cause: error },
    );
  }
  if (status >= 400) throw errorOf(`${method} ${url}`, status, text);
  return text;
}

/** Returns the JSON body, if any, with the headers for the body and the token. */
export function jsonRequest({ body, token }: { body?: unknown; token?: string | undefined }): JsonRequest {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  if (body === undefined) return { headers };
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

type JsonRequest = Pick<ExchangeOptions, 'body' | 'headers'>;

function errorOf(request: string, status: number, text: string): EncoreError {
  try {
    const { error } = serverErrorSchema.parse(JSON.parse(text));
    return EncoreError.received({ ...error, status });
  } catch {
    return new EncoreError('PEER_ERROR', `${request} returned ${status}: ${text.slice(0, 200)}`, { status });
  }
}
