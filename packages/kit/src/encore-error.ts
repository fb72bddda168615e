/**
 * The error type that crosses process boundaries. `code` is for programs; `message` is for people
 * and states what would be right. The table of the contracts gives each code its HTTP status, and
 * whether the request certainly had no effect.
 */
import { type ErrorCode, errorTable, isErrorCode } from '@encore/contracts/errors';

export class EncoreError extends Error {
  override readonly name = 'EncoreError';
  readonly code: ErrorCode;
  readonly status: number;
  /** True if the request certainly had no effect. */
  readonly definite: boolean;

  /** `status`: that of another service or program, which this error passes on. */
  constructor(code: ErrorCode, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? errorTable[code].status;
    this.definite = errorTable[code].definite;
  }

  /** The error of another process, as it reported it. */
  static received(error: { code: string; message: string; status?: number; definite?: boolean }): EncoreError {
    const { code, message, status, definite } = error;
    const known = isErrorCode(code) ? code : 'PEER_ERROR';
    const text = known === code ? message : `${code} ${message}`;
    const received = new EncoreError(known, text, status === undefined ? {} : { status });
    return definite === undefined ? received : Object.assign(received, { definite });
  }

  /** The same error, for a request that certainly had no effect. */
  asDefinite(): EncoreError {
    const { code, message, status, cause } = this;
    return Object.assign(new EncoreError(code, message, { status, cause }), { definite: true });
  }
}

/**
 * Returns an EncoreError as it is. Express reports a malformed request with a status; any other
 * error is internal.
 */
export function asEncoreError(error: unknown): EncoreError {
  if (error instanceof EncoreError) return error;
  const status = error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  return new EncoreError(status < 500 ? 'INVALID_INPUT' : 'INTERNAL', describeError(error), { status });
}

/** Describes any thrown value in one line, with its code and its cause. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code =
    'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? `${error.code} ` : '';
  return `${code}${messageOf(error)}`;
}

/** Like `describeError`, without the leading code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${describeError(error.cause)})`;
}
