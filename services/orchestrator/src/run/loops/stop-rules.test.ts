import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'mocha';
import { freeResources, type StopInputs, StopRules, stopLimits } from './stop-rules.ts';

const gibibyte = 1024 ** 3;
const fine: StopInputs = {
  now: 0,
  isReady: true,
  activeFaults: 0,
  wrongAnswers: 0,
  resources: { memoryBytes: gibibyte, diskBytes: gibibyte },
};

/** The results of evaluations one second apart. */
function evaluations(seconds: number, change: (second: number) => Partial<StopInputs>): (string | null)[] {
  const rules = new StopRules(stopLimits(30), 'alpha');
  return Array.from({ length: seconds }, (_, second) =>
    rules.evaluate({ ...fine, now: second * 1_000, ...change(second) }),
  );
}

describe('StopRules', () => {
  it('let a run continue while the server is ready and resources are sufficient', () => {
    assert.ok(evaluations(1_000, () => ({})).every((reason) => reason === null));
  });

  it('end a run whose server is not ready for three times the recovery limit', () => {
    const reasons = evaluations(100, () => ({ isReady: false }));
    assert.equal(
      reasons.findIndex((text) => text !== null),
      91,
    );
    assert.match(reasons[91] ?? '', /^alpha has not been ready for 90 s although no fault was active/);
  });

  it('exclude time with an active fault, and restart when the server was ready', () => {
    assert.ok(evaluations(1_000, () => ({ isReady: false, activeFaults: 1 })).every((reason) => reason === null));
    assert.ok(evaluations(1_000, (second) => ({ isReady: second % 80 === 0 })).every((reason) => reason === null));
    const faults = evaluations(200, (second) => ({ isReady: false, activeFaults: second % 2 }));
    assert.ok(faults.at(-1) !== null, 'time between faults adds up');
  });

  it('end a run after ten wrong answers', () => {
    const reasons = evaluations(20, (second) => ({ wrongAnswers: second }));
    assert.equal(
      reasons.findIndex((text) => text !== null),
      10,
    );
    assert.match(reasons[10] ?? '', /10 wrong answers/);
  });

  it('end a run before the machine runs out of memory or disk, if known', () => {
    const bytes = 63 * 1_048_576;
    assert.match(
      evaluations(1, () => ({ resources: { ...fine.resources, memoryBytes: bytes } }))[0] ?? '',
      /63 MB of memory/,
    );
    assert.match(
      evaluations(1, () => ({ resources: { ...fine.resources, diskBytes: bytes } }))[0] ?? '',
      /disk .* 63 MB/,
    );
    assert.deepEqual(
      evaluations(1, () => ({ resources: { memoryBytes: null, diskBytes: null } })),
      [null],
    );
  });

  it('read the free resources of this machine; no disk for a missing folder', async () => {
    const resources = await freeResources(tmpdir());
    assert.ok((resources.diskBytes ?? 0) > 0);
    if (process.platform === 'linux') assert.ok((resources.memoryBytes ?? 0) > 1_048_576);
    assert.equal((await freeResources('/no/such/folder')).diskBytes, null);
  });
});
