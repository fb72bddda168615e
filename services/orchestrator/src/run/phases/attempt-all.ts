/** Does every step, whatever becomes of the others, and tells the first trouble at the end. */
import { describeError, EncoreError } from '@encore/kit';

export async function attemptAll(
  steps: { what: string; do: () => Promise<unknown> }[],
  signal: AbortSignal,
): Promise<void> {
  const troubles: string[] = [];
  for (const step of steps) {
    signal.throwIfAborted();
    try {
      await step.do();
    } catch (error) {
      troubles.push(`${step.what}: ${describeError(error)}`);
    }
  }
  signal.throwIfAborted();
  if (troubles.length > 0) throw new EncoreError('STEP_FAILED', troubles.join('; '));
}
