/** Parses signals in the Docker API's forms: SIGQUIT, QUIT or 3. */
import { constants } from 'node:os';
import { EngineError } from './engine-error.ts';

export function parseSignal(text: string): NodeJS.Signals {
  const upper = text.toUpperCase();
  const name = /^\d+$/.test(text)
    ? Object.entries(constants.signals).find(([, number]) => number === Number(text))?.[0]
    : upper.startsWith('SIG')
      ? upper
      : `SIG${upper}`;
  if (name === undefined || !(name in constants.signals)) throw new EngineError(400, `Invalid signal: ${text}`);
  return name as NodeJS.Signals;
}

export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/**
 * Signals that the init of a container (tini) does not forward: its own faults and what no program
 * can catch.
 */
export const keptByInit: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGBUS',
  'SIGABRT',
  'SIGTRAP',
  'SIGSYS',
  'SIGTTIN',
  'SIGTTOU',
  'SIGSTOP',
  'SIGCHLD',
]);
