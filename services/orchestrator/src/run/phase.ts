/**
 * The phases of a run as one value and one pure transition.
 *
 *   preflight → startup → ramp → steady → heal → verify → report → over
 *        └ refused, stopped: over        ↑      ↑  a stop or a break goes to heal: whatever happened, faults are undone
 *                                        stop: heal again, briefly, then report
 */
import type { Phase } from '@encore/contracts';

export type Ending =
  | { how: 'completed' }
  | { how: 'interrupted'; reason: string }
  | { how: 'aborted'; reason: string }
  /** The run never began. */
  | { how: 'refused'; reason: string };

export type PhaseState =
  | { phase: Extract<Phase, 'preflight' | 'startup' | 'ramp' | 'steady'> }
  | { phase: Extract<Phase, 'heal' | 'verify' | 'report'>; ending: Ending }
  | { phase: 'over'; ending: Ending };

export type PhaseEvent = { type: 'done' } | { type: 'stop'; reason: string } | { type: 'broke'; reason: string };

export function nextPhase(state: PhaseState, event: PhaseEvent): PhaseState {
  switch (state.phase) {
    case 'preflight':
      if (event.type === 'done') return { phase: 'startup' };
      return {
        phase: 'over',
        ending: { how: event.type === 'stop' ? 'interrupted' : 'refused', reason: event.reason },
      };
    case 'startup':
      return event.type === 'done' ? { phase: 'ramp' } : healAfter(event);
    case 'ramp':
      return event.type === 'done' ? { phase: 'steady' } : healAfter(event);
    case 'steady':
      return event.type === 'done' ? { phase: 'heal', ending: { how: 'completed' } } : healAfter(event);
    case 'heal':
      return afterHeal(state.ending, event);
    case 'verify':
      return { phase: 'report', ending: worse(state.ending, event) };
    case 'report':
      return { phase: 'over', ending: worse(state.ending, event) };
    case 'over':
      return state;
    default:
      return state satisfies never;
  }
}

function healAfter(event: Exclude<PhaseEvent, { type: 'done' }>): PhaseState {
  const how = event.type === 'stop' ? 'interrupted' : 'aborted';
  return { phase: 'heal', ending: { how, reason: event.reason } };
}

function afterHeal(ending: Ending, event: PhaseEvent): PhaseState {
  // Who asked to stop does not wait for the read-back; but the healing that was cut short is done once more.
  if (event.type === 'stop' && ending.how !== 'interrupted') return healAfter(event);
  const next = worse(ending, event);
  return { phase: next.how === 'interrupted' ? 'report' : 'verify', ending: next };
}

/** The first trouble is the one that is told; a break beats a completion, a stop too. */
function worse(ending: Ending, event: PhaseEvent): Ending {
  if (event.type === 'done' || ending.how !== 'completed') return ending;
  return { how: event.type === 'stop' ? 'interrupted' : 'aborted', reason: event.reason };
}
