/**
 * Sends one HTTP request with undici and reads the response. No retries, no redirects, one code per
 * failure. It never throws: the result states how the exchange ended.
 *
 *   body (text or generated chunks) ──▶ socket ──▶ server ──▶ response ──▶ text or SHA-256
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

export interface ExchangeRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  headers: Record<string, string>;
  body?: { bytes: number; content: string | (() => Iterable<Buffer>) };
  /** Whether a successful response is kept as text or only hashed, at any size. */
  read: 'text' | 'hash';
  /** Maximum size of a successful response read as text; 1 MiB by default. */
  maxTextBytes?: number;
}

export interface ExchangeLimits {
  /** The operation's deadline, in milliseconds of `now()`. */
  deadlineAt: number;
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
  /** Aborts the request at the end of the run. */
  cancel: AbortSignal;
  now: () => number;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | undefined>;
  /** Empty if the body was hashed. */
  text: string;
  /** SHA-256 (hex) of the body; empty if it was read as text. */
  sha256: string;
  bytes: number;
}

interface Traffic {
  bytesSent: number;
  bytesReceived: number;
}
export type ExchangeEnd = Traffic &
  (
    | { kind: 'answered'; response: HttpResponse }
    /** `code` comes from undici or the system; `afterHeaders`: the response had started. */
    | { kind: 'error'; code: string; message: string; afterHeaders: boolean }
    | { kind: 'deadline'; afterHeaders: boolean }
    | { kind: 'cancelled' }
  );

/** Buffer between the generator of a body and its connection. */
export const uploadBufferBytes = 32 * 1024;
const errorTextBytes = 64 * 1024;

export async function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  limits: ExchangeLimits,
): Promise<ExchangeEnd> {
  const traffic = { bytesSent: 0, bytesReceived: 0 };
  const abort = new AbortController();
  const onCancel = () => abort.abort(limits.cancel.reason);
  if (limits.cancel.aborted) return { kind: 'cancelled', ...traffic };
  limits.cancel.addEventListener('abort', onCancel, { once: true });
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      abort.abort(new Error('deadline'));
    },
    Math.max(1, limits.deadlineAt - limits.now()),
  );
  let afterHeaders = false;
  try {
    const received = await dispatcher.request({
      method: request.method,
      path: request.path,
      headers: headersOf(request),
      body: bodyOf(request, traffic),
      signal: abort.signal,
      headersTimeout: limits.headersTimeoutMs,
      bodyTimeout: limits.bodyTimeoutMs,
    });
    afterHeaders = true;
    if (typeof request.body?.content === 'string') traffic.bytesSent = request.body.bytes;
    return { kind: 'answered', response: await readResponse(received, request, traffic), ...traffic };
  } catch (error) {
    if (late) return { kind: 'deadline', afterHeaders, ...traffic };
    if (limits.cancel.aborted) return { kind: 'cancelled', ...traffic };
    return { kind: 'error', code: codeOf(error), message: String(error), afterHeaders, ...traffic };
  } finally {
    clearTimeout(timer);
    limits.cancel.removeEventListener('abort', onCancel);
  }
}

function headersOf({ headers, body }: ExchangeRequest): Record<string, string> {
  return body ? { ...headers, 'content-length': String(body.bytes) } : headers;
}

function bodyOf({ body }: ExchangeRequest, traffic: Traffic): string | Readable | null {
  if (!body) return null;
  if (typeof body.content === 'string') return body.content;
  return Readable.from(countSent(body.content(), traffic), { objectMode: false, highWaterMark: uploadBufferBytes });
}

function* countSent(chunks: Iterable<Buffer>, traffic: Traffic): Generator<Buffer> {
  for (const chunk of chunks) {
    yield chunk;
    traffic.bytesSent += chunk.length;
  }
}

async function readResponse(
  received: Dispatcher.ResponseData,
  request: ExchangeRequest,
  traffic: Traffic,
): Promise<HttpResponse> {
  const { statusCode: status, body } = received;
  const hashing = request.read === 'hash' && status < 300;
  const hash = hashing ? createHash('sha256') : null;
  const limit = hashing ? Number.POSITIVE_INFINITY : status < 300 ? (request.maxTextBytes ?? 1 << 20) : errorTextBytes;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    traffic.bytesReceived += chunk.length;
    if (bytes > limit) throw Object.assign(new Error(`the response exceeds ${limit} bytes`), { code: 'TOO_LONG' });
    if (hash) hash.update(chunk);
    else chunks.push(chunk);
  }
  return {
    status,
    headers: singleHeaders(received.headers),
    text: hash ? '' : Buffer.concat(chunks).toString('utf8'),
    sha256: hash ? hash.digest('hex') : '',
    bytes,
  };
}

function singleHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

/** Returns the code of undici or the system; parser errors (HPE_...) share one code. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Several addresses were tried, each with its own error.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.name === 'HTTPParserError' ? 'UND_ERR_HTTP_PARSER' : error.name;
}
