/** Connections that end late. */
import { biteByDelay, toxicFault } from './toxic-fault.ts';

const defaultDelayMs = 1_000;

export const slowClose = toxicFault({
  kind: 'slow-close',
  type: 'slow_close',
  direction: 'downstream',
  attributes: ({ delayMs = defaultDelayMs }) => ({ delay: delayMs }),
  bite: (looks, { params: { delayMs = defaultDelayMs } }) =>
    biteByDelay(looks, ({ totalMs }) => totalMs, delayMs * 0.8, { timeoutMs: delayMs + 1_000 }),
  does: 'Delays the end of each connection (by 1 s).',
  userSees: 'Nothing on kept connections; those without a length wait for the end.',
  pitfalls: 'With pools of kept connections hardly anybody notices.',
});
