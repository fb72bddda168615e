/**
 * What the server can do before anything is done to it: as many small questions as its users could ask at once, by autocannon, which
 * has no part in any rate of the run. Without a figure the run goes on, for nothing is judged by it; that there is none is told.
 */
import { describeError, EncoreError } from '@encore/kit';
import type { RunContext } from '../run-context.ts';

const mostConnections = 100;
/** For storing the score that is asked about, and for what is under way at the end. */
const marginMs = 15_000;

export async function measureCapacity(
  { config, peers, record, clock }: Pick<RunContext, 'config' | 'peers' | 'record' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  const { capacitySeconds: seconds, users } = config;
  if (seconds === 0) return;
  try {
    const pressure = { seconds, connections: Math.min(users, mostConnections) };
    const result = await peers.measureBaseline(pressure, { signal, timeoutMs: seconds * 1_000 + marginMs });
    const { answered, refused, lost } = result;
    if (answered === 0)
      throw new EncoreError('NO_ANSWER', `not one request was answered, ${refused} were refused and ${lost} lost`);
    record.add({ type: 'capacity_measured', at: clock.now(), ...result });
  } catch (error) {
    signal.throwIfAborted();
    record.add({ type: 'capacity_not_measured', at: clock.now(), reason: describeError(error) });
  }
}
