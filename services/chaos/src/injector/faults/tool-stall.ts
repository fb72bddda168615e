/**
 * The load generator makes calls that the target cannot finish in time, one after the other, until
 * their circuit breaker opens. At the end, quick calls succeed and close the breaker. The workload
 * names the calls and the breaker.
 *
 *   inject ── 5 calls that time out ── breaker opens ── open time ── revert: 2 calls ── closed
 */
import type { ParamsOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { z } from 'zod';
import {
  type FaultFunctions,
  type FindsTarget,
  savedContainer,
  type TakesTime,
  type UsesLoad,
} from '../fault-functions.ts';
import { runningTarget } from './container-target.ts';

type Tools = FindsTarget & TakesTime & UsesLoad<'named' | 'start' | 'status' | 'quickCall' | 'stop' | 'breakers'>;
const savedSchema = savedContainer.extend({
  /** Name of the stall at the load generator; ids of the objects that it stores start with it. */
  stallId: z.string(),
  breaker: z.string(),
  /**
   * Planned end in epoch milliseconds; an earlier revert does not wait until the breaker is closed.
   */
  untilMs: z.number(),
});
type Saved = z.infer<typeof savedSchema>;

const probeEveryMs = 500;
/** The load generator ends a stall that is not reverted this long after its planned end. */
const marginSeconds = 10;

export const toolStall: FaultFunctions<ParamsOf<'tool-stall'>, Tools, Saved> = {
  saved: savedSchema,
  prepare: async (tools, fault, signal) => {
    const { id } = await runningTarget(tools, fault, signal);
    const { stall } = await tools.load.named(signal);
    if (stall === null)
      throw new EncoreError(
        'ENGINE_UNSUPPORTED',
        'the workload defines no calls that stall the target; add faults.stall to it (docs/WORKLOADS.md)',
      );
    const { breaker } = stall;
    const { [breaker]: state } = await tools.load.breakers(signal);
    if (state !== 'closed')
      throw new EncoreError(
        'ENGINE_REFUSED',
        state === undefined
          ? `the target reports no breaker ${breaker}; set faults.stall.breaker in the workload to one of its breakers`
          : `the breaker ${breaker} is already ${state}`,
      );
    const now = tools.clock.now();
    // The clock has fractions of a millisecond, and a name must not contain a dot.
    const stallId = `stall-${fault.id}-${Math.floor(now).toString(36)}`;
    return { containerId: id, stallId, breaker, untilMs: now + fault.durationSeconds * 1_000 };
  },
  inject: async ({ load }, { fault, saved }, signal) => {
    await load.start(saved.stallId, { action: 'stall', seconds: fault.durationSeconds + marginSeconds }, signal);
    return {};
  },
  checkEffect: async ({ load, clock }, { saved: { stallId, breaker } }, signal) => {
    for (;;) {
      // Read before the breakers, or a stall that ends in between would be missed.
      const { isOver, ends } = (await load.status(stallId, signal)) ?? { isOver: true, ends: [] };
      const states = await load.breakers(signal);
      const open = Object.keys(states).filter((name) => states[name] !== 'closed');
      if (open.length > 0 || isOver) {
        const evidence = `slow calls ended with ${endsText(ends)}; open breakers: ${open.join(', ') || 'none'}`;
        return { effect: open.length === 1 && open[0] === breaker ? 'confirmed' : 'absent', evidence };
      }
      await clock.sleep(probeEveryMs, signal);
    }
  },
  readBack: async ({ load }, { saved: { breaker } }, signal) => {
    const { [breaker]: state } = await load.breakers(signal);
    return { inPlace: state !== 'closed', evidence: `the breaker ${breaker} is ${state ?? 'not there'}` };
  },
  endedBy: ['die'],
  revert: async ({ load, clock }, { saved: { stallId, breaker } }, signal) => {
    await load.stop(stallId, 'stall', signal);
    // While the breaker is open, calls would be rejected: the revert is retried until it is
    // half-open.
    const isHalfOpen = async () => (await load.breakers(signal))[breaker] === 'half_open';
    for (; await isHalfOpen(); await clock.sleep(probeEveryMs, signal)) await load.quickCall(stallId, signal);
  },
  verifyReverted: async ({ load, clock }, { saved: { breaker, untilMs } }, signal) => {
    const { [breaker]: state } = await load.breakers(signal);
    const evidence = `the stored objects are removed, the breaker ${breaker} is ${state ?? 'not there'}`;
    const isEarly = clock.now() < untilMs;
    return {
      verified: state === 'closed' || isEarly,
      evidence: isEarly ? `reverted early: ${evidence}` : evidence,
    };
  },
};

/** `5 × TOOL_TIMEOUT, 1 × BREAKER_OPEN`. */
function endsText(ends: readonly string[]): string {
  const groups = [...Map.groupBy(ends, (end) => end)];
  return groups.map(([end, { length }]) => `${length} × ${end}`).join(', ') || 'nothing';
}
