/** Delays the end of connections. */
import type { ParamsOf } from '@encore/contracts';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

export const slowClose = toxicFault<ParamsOf<'slow-close'>>({
  type: 'slow_close',
  attributes: ({ delayMs }) => ({ delay: delayMs }),
  checkEffect: (probes, { delayMs }) =>
    checkEffectByDelay(probes, ({ totalMs }) => totalMs, delayMs * 0.8, { timeoutMs: delayMs + 1_000 }),
});
