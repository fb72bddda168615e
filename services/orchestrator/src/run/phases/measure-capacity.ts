/**
 * Measures the capacity of the server without faults: autocannon sends small requests over one
 * connection per user, at most 100. Informational only: no rate of the run includes it, and if it
 * fails, the run continues and the report mentions it.
 */
import { describeError, EncoreError } from '@encore/kit';
import type { RunContext } from '../run-context.ts';

const maxConnections = 100;
/** Time for the workload's preparing request, and for requests in flight at the end. */
const marginMs = 15_000;

export async function measureCapacity(
  { run, clients, history, clock }: Pick<RunContext, 'run' | 'clients' | 'history' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  const { capacitySeconds: seconds, users } = run.config;
  if (seconds === 0) return;
  try {
    const test = { seconds, connections: Math.min(users, maxConnections) };
    const result = await clients.measureCapacity(test, { signal, timeoutMs: seconds * 1_000 + marginMs });
    const { answered, refused, lost } = result;
    if (answered === 0) throw new EncoreError('NO_ANSWER', `no request was answered: ${refused} refused, ${lost} lost`);
    history.add({ type: 'capacity_measured', at: clock.now(), ...result });
  } catch (error) {
    signal.throwIfAborted();
    history.add({ type: 'capacity_not_measured', at: clock.now(), reason: describeError(error) });
  }
}
