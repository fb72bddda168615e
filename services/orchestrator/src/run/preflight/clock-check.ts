/**
 * Preflight check: do all services agree on the time? A process reads the wall clock once and then
 * counts monotonically, so one that started before the machine slept, or before its clock was set,
 * is off by that much, and so is each recovery stage.
 */
import { type Clock, describeError } from '@encore/kit';
import { fail, ok, type PreflightCheck } from './preflight-check.ts';

/** Tolerable error of a recovery stage, and the error that makes the figures useless. */
const warnMs = 100;
const failMs = 1_000;

export interface ClockAhead {
  name: string;
  /** Minimum offset from our clock: the possible network delay is subtracted. */
  aheadMs: number;
}

export async function clockAhead(name: string, readClock: () => Promise<number>, clock: Clock): Promise<ClockAhead> {
  const sentAt = clock.now();
  const theirs = await readClock();
  const receivedAt = clock.now();
  // Their clock was read between the two.
  return { name, aheadMs: Math.max(0, theirs - receivedAt) + Math.min(0, theirs - sentAt) };
}

export function clockCheck(clocks: readonly PromiseSettledResult<ClockAhead>[]): PreflightCheck {
  const name = 'clocks';
  const lost = clocks.find((result) => result.status === 'rejected');
  if (lost !== undefined)
    return fail(name, describeError(lost.reason), 'restart the lab: one of its services has stopped');
  const known = clocks.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const off = known.filter(({ aheadMs }) => Math.abs(aheadMs) > warnMs);
  if (off.length === 0) return ok(name, `${known.map((clock) => clock.name).join(', ')} agree within ${warnMs} ms`);
  const found = off.map((clock) => `${clock.name} is ${(clock.aheadMs / 1_000).toFixed(1)} s off`).join(', ');
  const fix =
    'restart the lab (Docker: `docker compose restart`): services that started before the machine slept, or before its clock was set, keep the old time';
  return { name, state: off.some(({ aheadMs }) => Math.abs(aheadMs) > failMs) ? 'fail' : 'warn', found, fix };
}
