/** The end of the record: the lease is given back, which undoes whatever is left, and the history gets its last line. */
import { describeError } from '@encore/kit';
import type { Background } from '../background.ts';
import type { Ending } from '../phase.ts';
import type { RunContext } from '../run-context.ts';

const leaseMs = 4_000;
const drainMs = 3_000;

export async function closeRun(context: RunContext, background: Background, ending: Ending): Promise<void> {
  const { peers, runId, clock, record, logger } = context;
  await peers.endRunLease(runId, { timeoutMs: leaseMs }).catch((error: unknown) => {
    logger.warn({ err: describeError(error) }, 'the run lease was not given back; it ends by itself');
  });
  await background.stop(drainMs);
  const how = ending.how === 'refused' ? 'aborted' : ending.how;
  record.add({ type: 'run_ended', at: clock.now(), how, ...('reason' in ending ? { reason: ending.reason } : {}) });
  await record.history?.[Symbol.asyncDispose]();
}
