/** Limits the bandwidth of each connection. */
import type { ParamsOf } from '@encore/contracts';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

/** At least 24 kB in each direction in total, which takes 0.2 s at 128 kB/s. */
const volume = { requests: 128, paddingBytes: 100 };
const minBytes = 24_000;

export const bandwidth = toxicFault<ParamsOf<'bandwidth'>>({
  type: 'bandwidth',
  attributes: ({ kilobytesPerSecond }) => ({ rate: kilobytesPerSecond }),
  checkEffect: (probes, { kilobytesPerSecond }) => {
    const wantedMs = Math.min(2_000, (minBytes / (kilobytesPerSecond * 1_000)) * 1_000 * 0.7);
    return checkEffectByDelay(probes, ({ lastByteMs }) => lastByteMs, wantedMs, { ...volume, timeoutMs: 4_000 });
  },
});
