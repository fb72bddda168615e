/**
 * The error type that crosses process boundaries. `code` is for programs; `message` is for people
 * and states what would be right; `status` is the HTTP status. `definite`: the request certainly
 * had no effect.
 */
export class EncoreError extends Error {
  override readonly name = 'EncoreError';
  readonly code: string;
  readonly status: number;
  readonly definite: boolean;

  constructor(code: string, message: string, options: { status?: number; definite?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? 500;
    this.definite = options.definite ?? false;
  }
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
