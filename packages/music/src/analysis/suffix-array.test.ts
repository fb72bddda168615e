import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { repeatsOf, suffixArray } from './suffix-array.ts';

function compare(a: number[], b: number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return a.length - b.length;
}

describe('suffixArray', () => {
  it('matches a naive implementation', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 40 }), (sequence) => {
        const { starts, common } = suffixArray(sequence);
        const simple = sequence.map((_, i) => i).sort((a, b) => compare(sequence.slice(a), sequence.slice(b)));
        assert.deepEqual([...starts], simple);
        for (let i = 1; i < simple.length; i++) {
          const [a, b] = [sequence.slice(simple[i - 1]), sequence.slice(simple[i])];
          let length = 0;
          while (length < a.length && length < b.length && a[length] === b[length]) length++;
          assert.equal(common[i], length);
        }
      }),
    );
  });

  it('finds every repeat in banana', () => {
    const banana = [...'banana'].map((char) => char.charCodeAt(0));
    const array = suffixArray(banana);
    const found = [...repeatsOf(array, 1)].map(({ length, from, to }) => {
      const start = array.starts[from] ?? 0;
      return `${String.fromCharCode(...banana.slice(start, start + length))} ${to - from + 1}`;
    });
    assert.deepEqual(found.sort(), ['a 3', 'ana 2', 'na 2']);
  });

  it('sorts a constant sequence in time', () => {
    const { common } = suffixArray(new Int32Array(200_000));
    assert.equal(common.at(-1), 199_999);
  });
});
