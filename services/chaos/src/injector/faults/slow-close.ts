/** Delays the end of connections. */
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

const defaultDelayMs = 1_000;

export const slowClose = toxicFault({
  kind: 'slow-close',
  type: 'slow_close',
  direction: 'downstream',
  attributes: ({ delayMs = defaultDelayMs }) => ({ delay: delayMs }),
  checkEffect: (probes, { params: { delayMs = defaultDelayMs } }) =>
    checkEffectByDelay(probes, ({ totalMs }) => totalMs, delayMs * 0.8, { timeoutMs: delayMs + 1_000 }),
  does: 'Delays the end of each connection (by 1 s by default).',
  userSees: 'Nothing on reused connections; responses without a length wait for the end.',
  pitfalls: 'Clients with connection pools hardly notice it.',
});
