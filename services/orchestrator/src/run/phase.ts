/**
 * The phases of a run as one value and one pure transition function.
 *
 *   preflight → startup → ramp → steady → heal → verify → report → over
 *        └ refused or stopped: over      ↑
 *                                        └ on a stop or an error
 *
 * Every run that started passes through heal, so that its faults are reverted. A stop during heal
 * repeats heal with short timeouts, then goes to report.
 */
import type { Phase } from '@encore/contracts';

export type Ending =
  | { outcome: 'completed' }
  | { outcome: 'interrupted'; reason: string }
  | { outcome: 'aborted'; reason: string }
  /** The run never started. */
  | { outcome: 'refused'; reason: string };

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
        ending: { outcome: event.type === 'stop' ? 'interrupted' : 'refused', reason: event.reason },
      };
    case 'startup':
      return event.type === 'done' ? { phase: 'ramp' } : healAfter(event);
    case 'ramp':
      return event.type === 'done' ? { phase: 'steady' } : healAfter(event);
    case 'steady':
      return event.type === 'done' ? { phase: 'heal', ending: { outcome: 'completed' } } : healAfter(event);
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
  const outcome = event.type === 'stop' ? 'interrupted' : 'aborted';
  return { phase: 'heal', ending: { outcome, reason: event.reason } };
}

function afterHeal(ending: Ending, event: PhaseEvent): PhaseState {
  // A stop repeats the interrupted heal and skips the read-back.
  if (event.type === 'stop' && ending.outcome !== 'interrupted') return healAfter(event);
  const next = worse(ending, event);
  return { phase: next.outcome === 'interrupted' ? 'report' : 'verify', ending: next };
}

/** Keeps the first error or stop; both replace `completed`. */
function worse(ending: Ending, event: PhaseEvent): Ending {
  if (event.type === 'done' || ending.outcome !== 'completed') return ending;
  return { outcome: event.type === 'stop' ? 'interrupted' : 'aborted', reason: event.reason };
}
