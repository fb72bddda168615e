/**
 * Keeps a program alive if stdout or stderr cannot be written, because the disk is full or the
 * reader left (`encore --dry-run | head`). By default, Node exits with code 1, which means that a
 * run FAILED.
 */
export interface OutputLoss {
  /** Flushes stdout and returns its write error; null if there was none, or if the reader left. */
  lost(): Promise<Error | null>;
}

export function surviveOutputLoss(): OutputLoss {
  let problem: Error | null = null;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') problem = error;
  });
  return {
    lost: async () => {
      await new Promise<void>((written) => process.stdout.write('', () => written()));
      return problem;
    },
  };
}
