/**
 * The one error that crosses a boundary. `code` is for programs, `message` for people and says what would be right;
 * `status` is the HTTP status; `definite` answers: did it surely not happen?
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

/** A short text for any thrown value, the cause included. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code =
    'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? `${error.code} ` : '';
  return `${code}${messageOf(error)}`;
}

/** The same without the code in front: for people, and where the code stands beside it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${describeError(error.cause)})`;
}
