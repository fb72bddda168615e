import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { guardGlobals } from './global-guard.ts';

describe('guard of globals', () => {
  const changes: Record<string, () => void> = {
    'JSON.parse': () => Reflect.set(JSON, 'parse', () => ({})),
    setTimeout: () => Reflect.set(globalThis, 'setTimeout', () => 0),
    'performance.now': () => Reflect.set(performance, 'now', () => 0),
    Promise: () => Reflect.set(globalThis, 'Promise', class {}),
    'Array.prototype.push': () => Reflect.set(Array.prototype, 'push', () => 0),
    'Object.prototype.status': () => Reflect.set(Object.prototype, 'status', 500),
    'Array.prototype.last': () => Reflect.set(Array.prototype, 'last', () => null),
  };
  for (const [name, change] of Object.entries(changes))
    it(`restores ${name}`, () => {
      const restore = guardGlobals();
      change();
      const changed = restore();
      assert.deepEqual(changed, [name]);
      assert.deepEqual(restore(), []);
      assert.deepEqual([JSON.parse('[1]'), [].push.length, Object.keys(Object.prototype)], [[1], 1, []]);
    });

  it('leaves globals of the workload alone', () => {
    const restore = guardGlobals();
    Object.assign(globalThis, { ofWorkload: 1 });
    assert.deepEqual(restore(), []);
    Reflect.deleteProperty(globalThis, 'ofWorkload');
  });
});
