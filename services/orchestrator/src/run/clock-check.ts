/**
 * Do all parts of the lab have the same time? A program takes the time of the machine when it starts and counts on by itself, so one that
 * was there before a laptop slept, or before its clock was set, is late by that much, and each stage of a recovery would be wrong by it.
 */
import { type Clock, describeError } from '@encore/kit';
import type { Check } from './lab-checks.ts';

/** What a stage of a recovery may be wrong by, and what makes the figures worthless. */
const warnMs = 100;
const failMs = 1_000;

export interface ClockAhead {
  name: string;
  /** How far it is ahead of ours, at least: what the way of the answer may have taken is taken off. */
  aheadMs: number;
}

export async function clockAhead(name: string, ask: () => Promise<number>, clock: Clock): Promise<ClockAhead> {
  const askedAt = clock.now();
  const theirs = await ask();
  const answeredAt = clock.now();
  // Their clock was read somewhere between the two.
  return { name, aheadMs: Math.max(0, theirs - answeredAt) + Math.min(0, theirs - askedAt) };
}

export function clockCheck(clocks: readonly PromiseSettledResult<ClockAhead>[]): Check {
  const name = 'clocks';
  const lost = clocks.find((result) => result.status === 'rejected');
  if (lost !== undefined)
    return {
      name,
      state: 'fail',
      found: describeError(lost.reason),
      fix: 'start the lab again: a program of it is gone',
    };
  const known = clocks.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const off = known.filter(({ aheadMs }) => Math.abs(aheadMs) > warnMs);
  if (off.length === 0)
    return { name, state: 'ok', found: `${known.map((clock) => clock.name).join(', ')} agree within ${warnMs} ms` };
  const found = off.map((clock) => `${clock.name} is ${(clock.aheadMs / 1_000).toFixed(1)} s off`).join(', ');
  const fix =
    'start the lab again (Docker: `docker compose restart`): a program that was there before the machine slept, or before its clock was set, keeps the old time';
  return { name, state: off.some(({ aheadMs }) => Math.abs(aheadMs) > failMs) ? 'fail' : 'warn', found, fix };
}
