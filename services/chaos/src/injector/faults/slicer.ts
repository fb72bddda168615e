/** Slices data, with pauses between the slices. */
import type { ParamsOf } from '@encore/contracts';
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

const minAnswerBytes = 100;

export const slicer = toxicFault<ParamsOf<'slicer'>>({
  type: 'slicer',
  attributes: ({ sliceBytes, sliceDelayMicroseconds }) => ({
    average_size: sliceBytes,
    size_variation: 0,
    delay: sliceDelayMicroseconds,
  }),
  checkEffect: (probes, { sliceBytes, sliceDelayMicroseconds }) => {
    const slices = Math.floor(minAnswerBytes / sliceBytes);
    const wantedMs = Math.min(2_000, Math.max(1, slices) * (sliceDelayMicroseconds / 1_000) * 0.7);
    return checkEffectByDelay(probes, ({ lastByteMs }) => lastByteMs, wantedMs, { timeoutMs: 3_000 });
  },
});
