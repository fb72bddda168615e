/** Limits the bandwidth of each connection. */
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

const defaultRate = 128;
/** At least 24 kB in each direction in total, which takes 0.2 s at 128 kB/s. */
const volume = { requests: 128, paddingBytes: 100 };
const minBytes = 24_000;

export const bandwidth = toxicFault({
  kind: 'bandwidth',
  type: 'bandwidth',
  direction: 'downstream',
  attributes: ({ kilobytesPerSecond = defaultRate }) => ({ rate: kilobytesPerSecond }),
  checkEffect: (probes, { params: { kilobytesPerSecond = defaultRate } }) => {
    const wantedMs = Math.min(2_000, (minBytes / (kilobytesPerSecond * 1_000)) * 1_000 * 0.7);
    return checkEffectByDelay(probes, ({ lastByteMs }) => lastByteMs, wantedMs, { ...volume, timeoutMs: 4_000 });
  },
  does: 'Limits the rate of each connection (responses, to 128 kB/s by default).',
  userSees: 'Small responses arrive as usual, large scores slowly.',
  pitfalls: 'The limit applies per connection, not to the proxy as a whole.',
});
