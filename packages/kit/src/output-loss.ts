/**
 * Keeps a program alive when standard output or standard error cannot be written: the disk behind it is full, or its reader left
 * (`encore --dry-run | head`). By itself Node ends such a program with exit code 1, which means that a run FAILED.
 */
export interface OutputLoss {
  /** Why something that was printed did not arrive, once all of it was written; null when it did, or when its reader left. */
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
