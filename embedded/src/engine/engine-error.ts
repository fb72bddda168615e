/** An error as the Docker API returns it: a status and {message}. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly status: number;

  constructor(status: number, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.status = status;
  }
}

export const unsupported = (what: string): EngineError =>
  new EngineError(501, `the process engine does not support ${what}`);
