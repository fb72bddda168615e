/**
 * Documents that one tool cannot finish in time, one after the other, until that tool's circuit breaker opens. The way is the users' way: scores are
 * stored through the client link and the tool is called on them. At the end the tool is used on a small score, as a user
 * would, and its own successes close the breaker.
 *
 *   inject ── 5 calls that run into the tool's deadline ── breaker opens ── open time ── undo: 2 calls that succeed ── closed
 */
import { describeError, EncoreError } from '@encore/kit';
import { quickScore, slowScore } from '../slow-score.ts';
import { runningTarget } from './container-target.ts';
import type { Deed, FaultSpec, FaultTools } from './fault-spec.ts';

/** The users of the lab do not call this one, so nobody's success comes between the failures. */
const tool = 'chord_analysis';
const breaker = 'tool_ChordAnalysis';
/** More than a breaker needs: a call may be shed, or cut by another fault, which does not count against the tool. */
const maxDocuments = 8;
const lookEveryMs = 500;

interface Stall {
  stop: AbortController;
  ended: Promise<void>;
  isOver: boolean;
  /** How each call ended, in order. */
  ends: string[];
}

/** By injector and fault. An injector that dies takes its stalls along, and its successor removes what was stored. */
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
  undoneBy:
    'No more is sent and the scores are removed. After the breaker’s open time the tool is called on a small score, and its own successes close the breaker. When the fault is ended before its time, the breaker closes at the next successes of whoever uses the tool.',
  userSees: `${tool} refuses at once (503 with Retry-After) while its breaker is open; every other tool answers. One worker process is busy until then.`,
  pitfalls:
    'Takes its time: five deadlines (15 s each), then the open time (60 s), so hold it for 160 s at least: an undo that finds the breaker still open does not count as verified, and is tried again until it is closed. A server with a larger `tool_timeout` needs longer still. A score is sent only once, for a document that kills its worker three times is quarantined.',
  prepare: async (tools, fault, signal) => {
    const { id } = await runningTarget(tools, fault, signal);
    const { [breaker]: state } = await tools.user.breakers(signal);
    if (state !== 'closed')
      throw new EncoreError(
        'ENGINE_REFUSED',
        state === undefined
          ? `the server tells of no breaker ${breaker}`
          : `the breaker ${breaker} is ${state} already`,
        { status: 409, definite: true },
      );
    const now = tools.clock.now();
    // A clock tells fractions of a millisecond, and a point has no place in a score's name.
    const name = `stall-${fault.id}-${Math.floor(now).toString(36)}`;
    const scoreIds = Array.from({ length: maxDocuments }, (_, index) => `${name}-${index + 1}`);
    return { containerId: id, scoreIds, untilMs: now + fault.durationSeconds * 1_000 };
  },
  act: async (tools, deed) => {
    const stop = new AbortController();
    const stall: Stall = { stop, ended: Promise.resolve(), isOver: false, ends: [] };
    stall.ended = stallTool(tools, deed.saved.scoreIds ?? [], stall).finally(() => {
      stall.isOver = true;
    });
    stallsOf(tools).set(deed.fault.id, stall);
    return {};
  },
  bite: async (tools, { fault }, signal) => {
    const stall = stallsOf(tools).get(fault.id);
    for (;;) {
      // Asked before the look, or a stall that ends between the two would be missed.
      const isOver = stall?.isOver ?? true;
      const breakers = await tools.user.breakers(signal);
      const open = Object.keys(breakers).filter((name) => breakers[name] !== 'closed');
      if (open.length > 0 || isOver) {
        const evidence = `calls of ${tool} ended with ${endsText(stall?.ends ?? [])}; open breakers: ${open.join(', ') || 'none'}`;
        return { bit: open.length === 1 && open[0] === breaker ? 'yes' : 'no', evidence };
      }
      await tools.clock.sleep(lookEveryMs, signal);
    }
  },
  undo: async (tools, deed, signal) => {
    const stall = stallsOf(tools).get(deed.fault.id);
    stall?.stop.abort(new Error('the stall is ended'));
    await stall?.ended;
    stallsOf(tools).delete(deed.fault.id);
    await closeBreaker(tools, deed, signal);
    await removeScores(tools, deed, signal);
  },
  verify: async (tools, deed, signal) => {
    const { [breaker]: state } = await tools.user.breakers(signal);
    const evidence = `the scores are removed, the breaker ${breaker} is ${state ?? 'not there'}`;
    const isEarly = isEndedEarly(tools, deed);
    return {
      verified: state === 'closed' || isEarly,
      evidence: isEarly ? `ended before its time: ${evidence}` : evidence,
    };
  },
};

/** Until the breaker no longer admits a call. A call that fails for another reason is no reason to give up. */
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

/** While it is open it only waits for its time, and asking it would be refused: the undo is tried again until it is half open. */
async function closeBreaker({ user, clock }: FaultTools, { saved }: Deed, signal: AbortSignal): Promise<void> {
  const [scoreId = ''] = saved.scoreIds ?? [];
  const isHalfOpen = async () => (await user.breakers(signal))[breaker] === 'half_open';
  if (!(await isHalfOpen())) return;
  await user.remove(scoreId, signal);
  await user.store(scoreId, quickScore(), signal);
  for (; await isHalfOpen(); await clock.sleep(lookEveryMs, signal)) await user.analyze(tool, scoreId, signal);
}

/** One that was not stored is not there either. */
async function removeScores({ user }: FaultTools, { saved }: Deed, signal: AbortSignal): Promise<void> {
  for (const scoreId of saved.scoreIds ?? []) await user.remove(scoreId, signal);
}

const isEndedEarly = ({ clock }: FaultTools, { saved }: Deed): boolean => clock.now() < (saved.untilMs ?? 0);
