/** JSON over HTTP between Encore's own services: always a deadline, always a schema, errors with status and code. */
import { serverErrorSchema } from '@encore/contracts/server-api';
import { z } from 'zod';
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

/** Errors: the peer's own code and status when it sent them, else UNREACHABLE (503) or PEER_ERROR. */
export async function callJson<Schema extends z.ZodType>(
  url: string,
  schema: Schema,
  options: CallOptions,
): Promise<z.infer<Schema>> {
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
      `${method} ${url} got no answer within ${options.timeoutMs} ms or the connection failed`,
      { status: 503, cause: error },
    );
  }
  if (status >= 400) throw peerError(`${method} ${url}`, status, text);
  return parse(schema, text === '' ? undefined : JSON.parse(text), `answer of ${method} ${url}`);
}

/** The body, if there is one, and the headers that go with it and with the token. */
export function jsonRequest({ body, token }: { body?: unknown; token?: string | undefined }): JsonRequest {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  if (body === undefined) return { headers };
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

type JsonRequest = Pick<ExchangeOptions, 'body' | 'headers'>;

/** For calls whose answer has no body. */
export const nothingSchema = z.undefined();

function peerError(request: string, status: number, text: string): EncoreError {
  try {
    const { error } = serverErrorSchema.parse(JSON.parse(text));
    return new EncoreError(error.code, error.message, { status, definite: error.definite });
  } catch {
    return new EncoreError('PEER_ERROR', `${request} answered ${status}: ${text.slice(0, 200)}`, { status });
  }
}
