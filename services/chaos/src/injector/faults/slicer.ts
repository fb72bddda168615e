/** Slices data, with pauses between the slices. */
import { checkEffectByDelay, toxicFault } from './toxic-fault.ts';

const base = { sliceBytes: 64, sliceDelayMicroseconds: 10_000 };
const minAnswerBytes = 100;

export const slicer = toxicFault({
  kind: 'slicer',
  type: 'slicer',
  direction: 'downstream',
  attributes: ({ sliceBytes = base.sliceBytes, sliceDelayMicroseconds = base.sliceDelayMicroseconds }) => ({
    average_size: sliceBytes,
    size_variation: 0,
    delay: sliceDelayMicroseconds,
  }),
  checkEffect: (
    probes,
    { params: { sliceBytes = base.sliceBytes, sliceDelayMicroseconds = base.sliceDelayMicroseconds } },
  ) => {
    const slices = Math.floor(minAnswerBytes / sliceBytes);
    const wantedMs = Math.min(2_000, Math.max(1, slices) * (sliceDelayMicroseconds / 1_000) * 0.7);
    return checkEffectByDelay(probes, ({ lastByteMs }) => lastByteMs, wantedMs, { timeoutMs: 3_000 });
  },
  does: 'Cuts the data into slices (64 bytes by default) with a pause after each (10 ms by default).',
  userSees: 'Headers and bodies arrive in pieces: a parser that expects one read per message breaks.',
  pitfalls: 'Large bodies take very long; keep the duration short.',
});
