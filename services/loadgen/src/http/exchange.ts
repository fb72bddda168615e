/**
 * Sends one HTTP request with undici and reads the response. No retries, no redirects, one code per
 * failure. It never throws: the result states how the exchange ended.
 *
 *   body (text, bytes, chunks) ──▶ socket ──▶ server ──▶ response ──▶ text, digest or reader
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { DataRequest, Request, Response, Upload } from '@encore/workload';
import { type Dispatcher, Pool } from 'undici';

export interface ExchangeLimits {
  /** The operation's deadline, in milliseconds of `now()`. */
  deadlineAt: number;
  /** No limit by default. */
  headersTimeoutMs?: number;
  /** The maximum pause between two parts of the response; no limit by default. */
  bodyTimeoutMs?: number;
  /** Aborts the request at the end of the run. */
  cancel: AbortSignal;
  now: () => number;
}

export type HttpResponse = Omit<Response, 'durationMs' | 'json'>;

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

const connectTimeoutMs = 3_000;
/** Buffer between the generator of a body and its connection. */
const uploadBufferBytes = 32 * 1024;
/** Maximum size of a successful response that is read as text. */
const defaultTextBytes = 1 << 20;
const errorTextBytes = 64 * 1024;

export function poolOf(targetUrl: string, connections: number): Pool {
  return new Pool(targetUrl, { connections, pipelining: 1, connect: { timeout: connectTimeoutMs } });
}

/** An error of the workload's own code within an exchange. */
class WorkloadThrew extends Error {
  readonly error: unknown;

  constructor(error: unknown) {
    super('the workload threw');
    this.error = error;
  }
}

export async function exchange(dispatcher: Dispatcher, request: Request, limits: ExchangeLimits): Promise<ExchangeEnd> {
  const { headers, body } = sentOf(request);
  const bytes = bytesOf(body);
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
      headers: body === undefined ? headers : { ...headers, 'content-length': String(bytes) },
      body: isUpload(body) ? streamOf(body, traffic) : (body ?? null),
      signal: abort.signal,
      headersTimeout: limits.headersTimeoutMs ?? 0,
      bodyTimeout: limits.bodyTimeoutMs ?? 0,
    });
    afterHeaders = true;
    if (!isUpload(body)) traffic.bytesSent = bytes;
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

/** The headers and the body of a request as they are sent. */
export function sentOf<Body>({ headers, body, json }: Pick<DataRequest, 'headers' | 'json'> & { body?: Body }): {
  headers: Record<string, string>;
  body: Body | string | undefined;
} {
  if (json === undefined) return { headers: headers ?? {}, body };
  return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) };
}

/** The length of a body in bytes. */
export function bytesOf(body: Request['body']): number {
  if (body === undefined) return 0;
  return isUpload(body) ? body.bytes : Buffer.byteLength(body);
}

function isUpload(body: Request['body']): body is Upload {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

function streamOf(body: Upload, traffic: Traffic): Readable {
  const chunks = body.chunks();
  const counted = Symbol.iterator in chunks ? countSentNow(chunks, traffic) : countSentLater(chunks, traffic);
  return Readable.from(counted, { objectMode: false, highWaterMark: uploadBufferBytes });
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
  request: Request,
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
  const limit = isSuccess ? (request.maxBytes ?? defaultTextBytes) : errorTextBytes;
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
