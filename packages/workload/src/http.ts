/**
 * Requests of a workload and their responses.
 *
 * A request is one step of an operation. The load generator sends it up to three times within the
 * operation's deadline, and each attempt has one outcome. A step whose last attempt fails throws
 * `RequestFailed`, which ends the operation even if the workload catches it.
 */
import type { Failure } from './failure.ts';

export interface Http {
  request(request: RequestOrBuilder): Promise<Response>;
  get(path: string, options?: Options): Promise<Response>;
  post(path: string, options?: Options): Promise<Response>;
  put(path: string, options?: Options): Promise<Response>;
  patch(path: string, options?: Options): Promise<Response>;
  delete(path: string, options?: Options): Promise<Response>;
}

type Options = Omit<Request, 'method' | 'path'>;

/** A function builds the request of each attempt. It may send other requests first. */
export type RequestOrBuilder = Request | ((attempt: Attempt) => Request | Promise<Request>);

/** One of the up to three times that a request is sent. */
export interface Attempt {
  /** Unique in the run. Sent as `x-request-id`, and recorded with a failed attempt. */
  readonly id: string;
  /** The idempotency key of a write, the same for all of its attempts; otherwise ''. */
  readonly key: string;
  /** An earlier attempt of the same step may have taken effect, although it failed. */
  readonly mayHaveHappened: boolean;
}

/** A request without functions, which the load generator can send outside the workload's worker. */
export interface DataRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, such as `/items/7?full=1`. The host is that of the system under test. */
  path: string;
  /** Lowercase names. */
  headers?: Record<string, string>;
  /** A text (sent as UTF-8) or bytes. */
  body?: string | Uint8Array;
  /** Sent as JSON, with `content-type: application/json`. Use it instead of `body`. */
  json?: unknown;
}

export type Body = string | Uint8Array | Upload;

/** A body that is generated while it is sent, so that it never has to fit into memory. */
export interface Upload {
  /** The exact length. */
  bytes: number;
  /**
   * Called once per attempt. The load generator reads the next chunk when the connection can take
   * more.
   */
  chunks: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface Request extends Omit<DataRequest, 'body'> {
  body?: Body;
  /** The step's name in the history, such as `GET /items/:id`. Default: method and path. */
  name?: string;
  /** The statuses of a correct response. Default: 200 to 299. Any other fails the attempt. */
  status?: number | readonly number[];
  /**
   * Checks a response whose status is one of `status`. Returns what is wrong, or nothing. It is
   * part of the attempt: after a failure, the load generator retries it.
   */
  check?: (response: Response, attempt: Attempt) => Failure | null | undefined;
  /**
   * What to keep of a correct response: its text (default), only its digest (at any size), or the
   * result of a function that receives the chunks as they arrive.
   */
  read?: 'text' | 'digest' | ((chunks: AsyncIterable<Uint8Array>) => Promise<unknown>);
  /** Maximum bytes of a response that is read as text. Default: 1 MB. A longer one fails. */
  maxBytes?: number;
  /**
   * Bytes that the request moves or makes the service work on: each 400 kB extends the time allowed
   * for its response, and the deadline of the operation, by 1 s. Default: the length of the body.
   */
  bytes?: number;
  /** The header that carries a write's idempotency key. Default: `idempotency-key`; null: none. */
  keyHeader?: string | null;
}

export interface Response {
  status: number;
  /** Lowercase names; of a repeated header, the first value. */
  headers: Record<string, string | undefined>;
  /** The body; '' unless it was read as text. */
  text: string;
  /** The SHA-256 of the body, in lowercase hexadecimal; '' unless `read` is 'digest'. */
  digest: string;
  /** The length of the body. */
  bytes: number;
  /** What the function in `read` returned. */
  value: unknown;
  /** Milliseconds from sending the request to the end of the response. */
  durationMs: number;
  /** Parses the body. Fails the attempt as `corrupt` if it is not JSON. */
  json(): unknown;
}
