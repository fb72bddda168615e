import { describeError, EncoreError } from '@encore/kit';

/** Runs every step even if others fail, then throws STEP_FAILED with all errors. */
export async function attemptAll(
  steps: { what: string; do: () => Promise<unknown> }[],
  signal: AbortSignal,
): Promise<void> {
  const problems: string[] = [];
  for (const step of steps) {
    signal.throwIfAborted();
    try {
      await step.do();
    } catch (error) {
      problems.push(`${step.what}: ${describeError(error)}`);
    }
  }
  signal.throwIfAborted();
  if (problems.length > 0) throw new EncoreError('STEP_FAILED', problems.join('; '));
}
