/** Ends the run lease, which reverts remaining faults, and closes the history. */
import { describeError } from '@encore/kit';
import { runLeaseTtlMs } from '../../service-clients.ts';
import type { Background } from '../loops/background.ts';
import type { Ending } from '../phase.ts';
import type { RunContext } from '../run-context.ts';

const leaseMs = 4_000;
const drainMs = 3_000;

export async function closeRun(context: RunContext, background: Background, ending: Ending): Promise<void> {
  const { clients, run, clock, history, print } = context;
  await clients.endRunLease(run.id, { timeoutMs: leaseMs }).catch((error: unknown) => {
    print(
      `The run's lease was not released; it expires within ${runLeaseTtlMs / 1_000} s, and the next run can start then: ${describeError(error)}`,
    );
  });
  await background.stop(drainMs);
  const status = ending.outcome === 'refused' ? 'aborted' : ending.outcome;
  history.add({ type: 'run_ended', at: clock.now(), status, ...('reason' in ending ? { reason: ending.reason } : {}) });
  await history[Symbol.asyncDispose]();
}
