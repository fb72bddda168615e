/**
 * Calls one tool on documents that it cannot finish in time, one after the other, until that tool's
 * circuit breaker opens. Acts as a user: stores scores through the proxy and calls the tool on
 * them. At the end, calls on a small score succeed and close the breaker.
 *
 *   inject ── 5 calls that time out ── breaker opens ── open time ── revert: 2 calls ── closed
 */
import type { ParamsOf } from '@encore/contracts';
import { describeError, EncoreError } from '@encore/kit';
import { z } from 'zod';
import {
  type FaultFunctions,
  type FaultTools,
  type FindsTarget,
  savedContainer,
  type TakesTime,
} from '../fault-functions.ts';
import { quickScore, slowScore } from '../slow-score.ts';
import { runningTarget } from './container-target.ts';

type Tools = FindsTarget & TakesTime & Pick<FaultTools, 'user'>;
const savedSchema = savedContainer.extend({
  /** Scores that were stored or are about to be. */
  scoreIds: z.tuple([z.string()], z.string()),
  /**
   * Planned end in epoch milliseconds; an earlier revert does not wait for what only time can end.
   */
  untilMs: z.number(),
});
type Saved = z.infer<typeof savedSchema>;

/** The lab's users do not call this tool, so no success of theirs interrupts the failures. */
const tool = 'chord_analysis';
const breaker = 'tool_ChordAnalysis';
/**
 * More than a breaker needs: a call that was rejected, or cut by another fault, does not count as a
 * failure.
 */
const maxDocuments = 8;
const probeEveryMs = 500;

/** Calls in progress; they end with their injector, whose successor removes the stored scores. */
interface Stall {
  stop: AbortController;
  ended: Promise<void>;
  isOver: boolean;
  /** Outcome of each call, in order. */
  ends: string[];
}

export const toolStall: FaultFunctions<ParamsOf<'tool-stall'>, Tools, Saved, Stall> = {
  saved: savedSchema,
  prepare: async (tools, fault, signal) => {
    const { id } = await runningTarget(tools, fault, signal);
    const { [breaker]: state } = await tools.user.breakers(signal);
    if (state !== 'closed')
      throw new EncoreError(
        'ENGINE_REFUSED',
        state === undefined ? `the server reports no breaker ${breaker}` : `the breaker ${breaker} is already ${state}`,
      );
    const now = tools.clock.now();
    // The clock has fractions of a millisecond, and a score's name must not contain a dot.
    const name = `stall-${fault.id}-${Math.floor(now).toString(36)}`;
    const others = Array.from({ length: maxDocuments - 1 }, (_, index) => `${name}-${index + 2}`);
    return { containerId: id, scoreIds: [`${name}-1`, ...others], untilMs: now + fault.durationSeconds * 1_000 };
  },
  inject: async (tools, active) => {
    const stop = new AbortController();
    const stall: Stall = { stop, ended: Promise.resolve(), isOver: false, ends: [] };
    stall.ended = stallTool(tools, active.saved.scoreIds, stall).finally(() => {
      stall.isOver = true;
    });
    return { running: stall };
  },
  checkEffect: async (tools, { running: stall }, signal) => {
    for (;;) {
      // Read before the probe, or a stall that ends in between would be missed.
      const isOver = stall?.isOver ?? true;
      const breakers = await tools.user.breakers(signal);
      const open = Object.keys(breakers).filter((name) => breakers[name] !== 'closed');
      if (open.length > 0 || isOver) {
        const evidence = `calls of ${tool} ended with ${endsText(stall?.ends ?? [])}; open breakers: ${open.join(', ') || 'none'}`;
        return { effect: open.length === 1 && open[0] === breaker ? 'confirmed' : 'absent', evidence };
      }
      await tools.clock.sleep(probeEveryMs, signal);
    }
  },
  readBack: async ({ user }, _active, signal) => {
    const { [breaker]: state } = await user.breakers(signal);
    return { inPlace: state !== 'closed', evidence: `the breaker ${breaker} is ${state ?? 'not there'}` };
  },
  endedBy: ['die'],
  revert: async (tools, { running: stall, saved }, signal) => {
    stall?.stop.abort(new Error('the stall is ended'));
    await stall?.ended;
    await closeBreaker(tools, saved, signal);
    // A score that was never stored counts as removed.
    for (const scoreId of saved.scoreIds) await tools.user.remove(scoreId, signal);
  },
  verifyReverted: async ({ user, clock }, { saved }, signal) => {
    const { [breaker]: state } = await user.breakers(signal);
    const evidence = `the scores are removed, the breaker ${breaker} is ${state ?? 'not there'}`;
    const isEarly = clock.now() < saved.untilMs;
    return {
      verified: state === 'closed' || isEarly,
      evidence: isEarly ? `reverted early: ${evidence}` : evidence,
    };
  },
};

/**
 * Calls the tool until its breaker rejects a call. Continues after calls that fail for another
 * reason.
 */
async function stallTool({ user }: Pick<FaultTools, 'user'>, scoreIds: readonly string[], stall: Stall): Promise<void> {
  const { signal } = stall.stop;
  for (const [index, scoreId] of scoreIds.entries()) {
    try {
      await user.store(scoreId, slowScore(index), signal);
      stall.ends.push((await user.analyze(tool, scoreId, signal)) ?? 'an answer');
    } catch (error) {
      stall.ends.push(describeError(error).slice(0, 100));
    }
    if (signal.aborted || stall.ends.at(-1) === 'BREAKER_OPEN') return;
  }
}

/** `5 × the tool's time limit (TOOL_TIMEOUT), 1 × an open circuit breaker (BREAKER_OPEN)`. */
function endsText(ends: readonly string[]): string {
  const groups = [...Map.groupBy(ends, (end) => end)];
  return groups.map(([end, { length }]) => `${length} × ${endNames[end] ?? end}`).join(', ') || 'nothing';
}

const endNames: Record<string, string> = {
  TOOL_TIMEOUT: "the tool's time limit (TOOL_TIMEOUT)",
  BREAKER_OPEN: 'an open circuit breaker (BREAKER_OPEN)',
  OVERLOADED: 'a refusal for overload (OVERLOADED)',
};

/**
 * While the breaker is open, calls would be rejected: the revert is retried until it is half-open.
 */
async function closeBreaker({ user, clock }: Tools, { scoreIds }: Saved, signal: AbortSignal): Promise<void> {
  const [scoreId] = scoreIds;
  const isHalfOpen = async () => (await user.breakers(signal))[breaker] === 'half_open';
  if (!(await isHalfOpen())) return;
  await user.remove(scoreId, signal);
  await user.store(scoreId, quickScore(), signal);
  for (; await isHalfOpen(); await clock.sleep(probeEveryMs, signal)) await user.analyze(tool, scoreId, signal);
}
