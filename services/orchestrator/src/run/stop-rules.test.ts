import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'mocha';
import { roomOf, type Signs, StopRules, stopLimits } from './stop-rules.ts';

const gibibyte = 1024 ** 3;
const fine: Signs = {
  now: 0,
  isReady: true,
  faultsHeld: 0,
  wrongAnswers: 0,
  room: { memoryBytes: gibibyte, diskBytes: gibibyte },
};

/** What the rules say at each of these looks, a second apart. */
function looks(seconds: number, change: (second: number) => Partial<Signs>): (string | null)[] {
  const rules = new StopRules(stopLimits(30));
  return Array.from({ length: seconds }, (_, second) =>
    rules.look({ ...fine, now: second * 1_000, ...change(second) }),
  );
}

describe('StopRules', () => {
  it('let a run go on while the server is ready and there is room', () => {
    assert.ok(looks(1_000, () => ({})).every((said) => said === null));
  });

  it('end a run whose server does not come back in three times its recovery limit', () => {
    const said = looks(100, () => ({ isReady: false }));
    assert.equal(
      said.findIndex((text) => text !== null),
      91,
    );
    assert.match(said[91] ?? '', /not been ready for 90 s, and no fault is held/);
  });

  it('count no time while a fault is held, and begin anew when the server was ready', () => {
    assert.ok(looks(1_000, () => ({ isReady: false, faultsHeld: 1 })).every((said) => said === null));
    assert.ok(looks(1_000, (second) => ({ isReady: second % 80 === 0 })).every((said) => said === null));
    const faults = looks(200, (second) => ({ isReady: false, faultsHeld: second % 2 }));
    assert.ok(faults.at(-1) !== null, 'time between faults adds up');
  });

  it('end a run after ten wrong answers', () => {
    const said = looks(20, (second) => ({ wrongAnswers: second }));
    assert.equal(
      said.findIndex((text) => text !== null),
      10,
    );
    assert.match(said[10] ?? '', /10 wrong answers/);
  });

  it('end a run before the machine is out of memory or disk, and do not guess where nobody can tell', () => {
    const bytes = 63 * 1_048_576;
    assert.match(looks(1, () => ({ room: { ...fine.room, memoryBytes: bytes } }))[0] ?? '', /63 MiB of memory/);
    assert.match(looks(1, () => ({ room: { ...fine.room, diskBytes: bytes } }))[0] ?? '', /disk .* 63 MiB/);
    assert.deepEqual(
      looks(1, () => ({ room: { memoryBytes: null, diskBytes: null } })),
      [null],
    );
  });

  it('see the room of this machine, and no disk where there is no folder', async () => {
    const room = await roomOf(tmpdir());
    assert.ok((room.diskBytes ?? 0) > 0);
    if (process.platform === 'linux') assert.ok((room.memoryBytes ?? 0) > 1_048_576);
    assert.equal((await roomOf('/no/such/folder')).diskBytes, null);
  });
});
