import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { exactSize } from './exact-size.ts';

describe('a size as text', () => {
  it('uses the largest unit that is exact', () => {
    const texts = [50 * 1024 * 1024, 16_384, 1_500, 0].map(exactSize);
    assert.deepEqual(texts, ['50 MB', '16 KB', '1500 bytes', '0 bytes']);
  });
});
