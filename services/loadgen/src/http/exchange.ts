/**
 * Sends one HTTP request with undici and reads the response. No retries, no redirects, one code per
 * failure. It never throws: the result states how the exchange ended.
 *
 *   body (text, bytes, chunks) ──▶ socket ──▶ server ──▶ response ──▶ text, digest or reader
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { DataRequest, Request } from '@encore/workload';
import type { Dispatcher } from 'undici';

export interface ExchangeRequest {
  method: DataRequest['method'];
  path: string;
  headers: Record<string, string>;
  body?: { bytes: number; content: Content };
  /** What to keep of a successful response; other responses are read as text. */
  read: NonNullable<Request['read']>;
  /** Maximum size of a successful response read as text; 1 MB by default. */
  maxTextBytes?: number;
}
type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
type Content = string | Uint8Array | (() => Chunks);

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
  /** Empty unless the body was read as text. */
  text: string;
  /** SHA-256 (hex) of the body; empty unless it was read as digest. */
  digest: string;
  bytes: number;
  /** The result of a reader. */
  value: unknown;
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
    /** The workload's generator of the body or its reader of the response threw. */
    | { kind: 'workload'; error: unknown }
  );

/** Buffer between the generator of a body and its connection. */
const uploadBufferBytes = 32 * 1024;
const errorTextBytes = 64 * 1024;

/** An error of the workload's own code within an exchange. */
class WorkloadThrew extends Error {
  readonly error: unknown;

  constructor(error: unknown) {
    super('the workload threw');
    this.error = error;
  }
}

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
    if (request.body && typeof request.body.content !== 'function') traffic.bytesSent = request.body.bytes;
    return { kind: 'answered', response: await readResponse(received, request, traffic), ...traffic };
  } catch (error) {
    if (error instanceof WorkloadThrew) return { kind: 'workload', error: error.error, ...traffic };
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

function bodyOf({ body }: ExchangeRequest, traffic: Traffic): string | Uint8Array | Readable | null {
  if (!body) return null;
  if (typeof body.content !== 'function') return body.content;
  return Readable.from(countSent(body.content, traffic), { objectMode: false, highWaterMark: uploadBufferBytes });
}

function countSent(content: () => Chunks, traffic: Traffic): Chunks {
  const chunks = content();
  return Symbol.iterator in chunks ? countSentNow(chunks, traffic) : countSentLater(chunks, traffic);
}

/** Synchronous, because an asynchronous generator costs a promise for each chunk. */
function* countSentNow(chunks: Iterable<Uint8Array>, traffic: Traffic): Generator<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  for (;;) {
    const { done, value } = attempt(() => iterator.next());
    if (done) return;
    yield value;
    traffic.bytesSent += value.length;
  }
}

async function* countSentLater(chunks: AsyncIterable<Uint8Array>, traffic: Traffic): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await iterator.next().catch((error: unknown) => {
      throw new WorkloadThrew(error);
    });
    if (done) return;
    yield value;
    traffic.bytesSent += value.length;
  }
}

function attempt<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    throw new WorkloadThrew(error);
  }
}

async function readResponse(
  received: Dispatcher.ResponseData,
  request: ExchangeRequest,
  traffic: Traffic,
): Promise<HttpResponse> {
  const { statusCode: status } = received;
  const body = received.body as AsyncIterable<Buffer>;
  const headers = singleHeaders(received.headers);
  const base = { status, headers, text: '', digest: '', value: undefined };
  const isSuccess = status < 300;
  if (isSuccess && typeof request.read === 'function') {
    const value = await readWith(request.read, body, traffic);
    return { ...base, value, bytes: traffic.bytesReceived };
  }
  if (isSuccess && request.read === 'digest') {
    const hash = createHash('sha256');
    for await (const chunk of body) {
      traffic.bytesReceived += chunk.length;
      hash.update(chunk);
    }
    return { ...base, digest: hash.digest('hex'), bytes: traffic.bytesReceived };
  }
  const limit = isSuccess ? (request.maxTextBytes ?? 1 << 20) : errorTextBytes;
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    traffic.bytesReceived += chunk.length;
    if (traffic.bytesReceived > limit)
      throw Object.assign(new Error(`the response exceeds ${limit} bytes`), { code: 'TOO_LONG' });
    chunks.push(chunk);
  }
  return { ...base, text: Buffer.concat(chunks).toString('utf8'), bytes: traffic.bytesReceived };
}

/**
 * Distinguishes an error of the connection, which the reader may rethrow, from one of the reader.
 */
async function readWith(
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<unknown>,
  body: AsyncIterable<Buffer>,
  traffic: Traffic,
): Promise<unknown> {
  let failure: { error: unknown } | null = null;
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        traffic.bytesReceived += chunk.length;
        yield chunk;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  const chunks = counted();
  try {
    const value = await read(chunks);
    // Reads what the reader did not, so that the connection can be used again.
    for await (const _ of chunks);
    return value;
  } catch (error) {
    throw failure === null ? new WorkloadThrew(error) : (failure as { error: unknown }).error;
  }
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
