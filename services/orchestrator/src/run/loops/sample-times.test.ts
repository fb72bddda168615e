import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SampleTimes } from './sample-times.ts';

const calm = { isReady: true, activeFaults: 0, nextFaultAt: Number.POSITIVE_INFINITY };

/** The seconds of the steady phase in which a sample is due. */
function dueSeconds(seconds: number, inputsAt: (second: number) => Partial<typeof calm> = () => ({})): number[] {
  const times = new SampleTimes();
  const all = Array.from({ length: seconds }, (_, second) => second);
  return all.filter((second) => times.isDue({ now: second * 1_000, ...calm, ...inputsAt(second) }));
}

describe('SampleTimes', () => {
  it('samples every 30 s without faults', () => {
    assert.deepEqual(dueSeconds(70), [3, 33, 63]);
  });

  it('waits until no fault is active and the server has been ready for 3 s', () => {
    assert.deepEqual(
      dueSeconds(20, (second) => ({ activeFaults: second < 8 ? 1 : 0 })),
      [11],
    );
    assert.deepEqual(
      dueSeconds(20, (second) => ({ isReady: second >= 5 && second !== 7 })),
      [11],
    );
  });

  it('does not sample shortly before the next fault', () => {
    const nextFaultAt = 7_500;
    assert.deepEqual(
      dueSeconds(12, (second) => ({ nextFaultAt: second < 8 ? nextFaultAt : Number.POSITIVE_INFINITY })),
      [8],
    );
  });
});
