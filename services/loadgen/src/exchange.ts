/**
 * One HTTP request on undici, from the first byte sent to the last byte read, with nothing hidden: no retry, no redirect, one
 * code per failure. It never throws: how it ended is its value.
 *
 *   body (text, or chunks made on the way) ──▶ socket ──▶ server ──▶ answer ──▶ text, or a running SHA-256
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

export interface ExchangeRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  headers: Record<string, string>;
  body?: { bytes: number; content: string | (() => Iterable<Buffer>) };
  /** A right answer is read as text, or only hashed, however large it is. */
  read: 'text' | 'hash';
  /** What an answer may hold when it is read as text. */
  maxTextBytes?: number;
}

export interface ExchangeLimits {
  /** The operation's deadline, epoch milliseconds of `now()`. */
  deadlineAt: number;
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
  /** The end of the run: whatever is under way is cut. */
  cancel: AbortSignal;
  now: () => number;
}

export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  /** Empty when the body was hashed. */
  text: string;
  /** SHA-256 of the body, hex; empty when it was read as text. */
  sha256: string;
  bytes: number;
}

interface Traffic {
  bytesSent: number;
  bytesReceived: number;
}
export type ExchangeEnd = Traffic &
  (
    | { how: 'answered'; answer: Answer }
    /** `code` as undici or the system named it; `afterHeaders`: the answer had begun. */
    | { how: 'broken'; code: string; message: string; afterHeaders: boolean }
    | { how: 'deadline'; afterHeaders: boolean }
    | { how: 'cancelled' }
  );

/** What waits between the making of a body and its connection. */
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
  if (limits.cancel.aborted) return { how: 'cancelled', ...traffic };
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
    const response = await dispatcher.request({
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
    return { how: 'answered', answer: await readAnswer(response, request, traffic), ...traffic };
  } catch (error) {
    if (late) return { how: 'deadline', afterHeaders, ...traffic };
    if (limits.cancel.aborted) return { how: 'cancelled', ...traffic };
    return { how: 'broken', code: codeOf(error), message: String(error), afterHeaders, ...traffic };
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
  return Readable.from(counted(body.content(), traffic), { objectMode: false, highWaterMark: uploadBufferBytes });
}

function* counted(chunks: Iterable<Buffer>, traffic: Traffic): Generator<Buffer> {
  for (const chunk of chunks) {
    yield chunk;
    traffic.bytesSent += chunk.length;
  }
}

async function readAnswer(
  response: Dispatcher.ResponseData,
  request: ExchangeRequest,
  traffic: Traffic,
): Promise<Answer> {
  const { statusCode: status, body } = response;
  const hashing = request.read === 'hash' && status < 300;
  const hash = hashing ? createHash('sha256') : null;
  const limit = hashing ? Number.POSITIVE_INFINITY : status < 300 ? (request.maxTextBytes ?? 1 << 20) : errorTextBytes;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    traffic.bytesReceived += chunk.length;
    if (bytes > limit) throw Object.assign(new Error(`the answer is longer than ${limit} bytes`), { code: 'TOO_LONG' });
    if (hash) hash.update(chunk);
    else chunks.push(chunk);
  }
  return {
    status,
    headers: singleHeaders(response.headers),
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

/** undici and the system put a code on each error; a parser error has its own kind of code (HPE_...). */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Several addresses tried: each attempt has its own error.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.name === 'HTTPParserError' ? 'UND_ERR_HTTP_PARSER' : error.name;
}
