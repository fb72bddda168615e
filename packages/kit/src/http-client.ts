/** JSON over HTTP between Encore's own services: always a deadline, always a schema, errors with status and code. */
import { serverErrorSchema } from '@encore/contracts/server-api';
import { z } from 'zod';
import { EncoreError } from './encore-error.ts';
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
  const headers: Record<string, string> = {};
  const init: RequestInit = { method: options.method ?? 'GET', signal, headers };
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    headers['content-type'] = 'application/json';
  }
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, init);
    status = response.status;
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    throw new EncoreError(
      'UNREACHABLE',
      `${init.method} ${url} got no answer within ${options.timeoutMs} ms or the connection failed`,
      { status: 503, cause: error },
    );
  }
  if (status >= 400) throw peerError(`${init.method} ${url}`, status, text);
  return parse(schema, text === '' ? undefined : JSON.parse(text), `answer of ${init.method} ${url}`);
}

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
