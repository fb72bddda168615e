/**
 * Calls one tool on documents that it cannot finish in time, one after the other, until that tool's
 * circuit breaker opens. Acts as a user: stores scores through the proxy and calls the tool on
 * them. At the end, calls on a small score succeed and close the breaker.
 *
 *   inject ── 5 calls that time out ── breaker opens ── open time ── revert: 2 calls ── closed
 */
import { describeError, EncoreError } from '@encore/kit';
import { quickScore, slowScore } from '../slow-score.ts';
import { runningTarget } from './container-target.ts';
import type { ActiveFault, FaultSpec, FaultTools } from './fault-spec.ts';

/** The lab's users do not call this tool, so no success of theirs interrupts the failures. */
const tool = 'chord_analysis';
const breaker = 'tool_ChordAnalysis';
/**
 * More than a breaker needs: a call that was rejected, or cut by another fault, does not count as a
 * failure.
 */
const maxDocuments = 8;
const probeEveryMs = 500;

interface Stall {
  stop: AbortController;
  ended: Promise<void>;
  isOver: boolean;
  /** Outcome of each call, in order. */
  ends: string[];
}

/**
 * By injector and fault. Stalls end with their injector; its successor removes the stored scores.
 */
const stalls = new WeakMap<FaultTools, Map<string, Stall>>();

function stallsOf(tools: FaultTools): Map<string, Stall> {
  const known = stalls.get(tools) ?? new Map<string, Stall>();
  stalls.set(tools, known);
  return known;
}

export const toolStall: FaultSpec = {
  kind: 'tool-stall',
  instant: false,
  forbidsStart: false,
  does: `Stores scores that ${tool} cannot finish in time and calls it on them, one after the other, until its circuit breaker opens.`,
  revertedBy:
    'The injector stops calling and removes the scores. After the breaker’s open time it calls the tool on a small score, and the successes close the breaker. If the fault is reverted early, the breaker closes with the next successful calls of any user.',
  userSees: `${tool} responds 503 with Retry-After while its breaker is open; every other tool works. Until the breaker opens, one worker process is busy.`,
  pitfalls:
    'Needs a duration of at least 160 s: five tool timeouts (15 s each), the open time (60 s) and a margin. At its planned end, a revert that finds the breaker still open is not verified and is retried until the breaker is closed. A server with a larger `tool_timeout` needs longer. Each score is sent once: a document that kills its worker three times is quarantined.',
  prepare: async (tools, fault, signal) => {
    const { id } = await runningTarget(tools, fault, signal);
    const { [breaker]: state } = await tools.user.breakers(signal);
    if (state !== 'closed')
      throw new EncoreError(
        'ENGINE_REFUSED',
        state === undefined ? `the server reports no breaker ${breaker}` : `the breaker ${breaker} is already ${state}`,
        { status: 409, definite: true },
      );
    const now = tools.clock.now();
    // The clock has fractions of a millisecond, and a score's name must not contain a dot.
    const name = `stall-${fault.id}-${Math.floor(now).toString(36)}`;
    const scoreIds = Array.from({ length: maxDocuments }, (_, index) => `${name}-${index + 1}`);
    return { containerId: id, scoreIds, untilMs: now + fault.durationSeconds * 1_000 };
  },
  inject: async (tools, active) => {
    const stop = new AbortController();
    const stall: Stall = { stop, ended: Promise.resolve(), isOver: false, ends: [] };
    stall.ended = stallTool(tools, active.saved.scoreIds ?? [], stall).finally(() => {
      stall.isOver = true;
    });
    stallsOf(tools).set(active.fault.id, stall);
    return {};
  },
  checkEffect: async (tools, { fault }, signal) => {
    const stall = stallsOf(tools).get(fault.id);
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
  revert: async (tools, active, signal) => {
    const stall = stallsOf(tools).get(active.fault.id);
    stall?.stop.abort(new Error('the stall is ended'));
    await stall?.ended;
    stallsOf(tools).delete(active.fault.id);
    await closeBreaker(tools, active, signal);
    await removeScores(tools, active, signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const { [breaker]: state } = await tools.user.breakers(signal);
    const evidence = `the scores are removed, the breaker ${breaker} is ${state ?? 'not there'}`;
    const isEarly = isEndedEarly(tools, active);
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
async function stallTool({ user }: FaultTools, scoreIds: readonly string[], stall: Stall): Promise<void> {
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
async function closeBreaker({ user, clock }: FaultTools, { saved }: ActiveFault, signal: AbortSignal): Promise<void> {
  const [scoreId = ''] = saved.scoreIds ?? [];
  const isHalfOpen = async () => (await user.breakers(signal))[breaker] === 'half_open';
  if (!(await isHalfOpen())) return;
  await user.remove(scoreId, signal);
  await user.store(scoreId, quickScore(), signal);
  for (; await isHalfOpen(); await clock.sleep(probeEveryMs, signal)) await user.analyze(tool, scoreId, signal);
}

/** A score that was never stored counts as removed. */
async function removeScores({ user }: FaultTools, { saved }: ActiveFault, signal: AbortSignal): Promise<void> {
  for (const scoreId of saved.scoreIds ?? []) await user.remove(scoreId, signal);
}

const isEndedEarly = ({ clock }: FaultTools, { saved }: ActiveFault): boolean => clock.now() < (saved.untilMs ?? 0);
