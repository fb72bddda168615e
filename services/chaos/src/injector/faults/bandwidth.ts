/** A narrow link. */
import { biteByDelay, toxicFault } from './toxic-fault.ts';

const defaultRate = 128;
/** Together at least 24 kB in each direction, which a rate of 128 kB/s makes last a fifth of a second. */
const volume = { requests: 128, paddingBytes: 100 };
const minBytes = 24_000;

export const bandwidth = toxicFault({
  kind: 'bandwidth',
  type: 'bandwidth',
  direction: 'downstream',
  attributes: ({ kilobytesPerSecond = defaultRate }) => ({ rate: kilobytesPerSecond }),
  bite: (looks, { params: { kilobytesPerSecond = defaultRate } }) => {
    const wantedMs = Math.min(2_000, (minBytes / (kilobytesPerSecond * 1_000)) * 1_000 * 0.7);
    return biteByDelay(looks, ({ lastByteMs }) => lastByteMs, wantedMs, { ...volume, timeoutMs: 4_000 });
  },
  does: 'Limits the rate of each connection (128 kB/s, answers).',
  userSees: 'Small answers as ever, large scores crawl.',
  pitfalls: 'The limit holds per connection, not for the link as a whole.',
});
