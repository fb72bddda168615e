import assert from 'node:assert/strict';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { collectGarbage } from './collect-garbage.ts';
import { Collections } from './collections.ts';

describe('full collections', () => {
  it('are counted, with what is in use after the last: kept buffers count, garbage does not', async () => {
    using collections = new Collections();
    const afterNext = async (): Promise<number> => {
      const { count } = collections;
      collectGarbage();
      await waitUntil('the collection', () => collections.count > count, { timeoutMs: 5_000 });
      return collections.bytesAfter ?? 0;
    };
    const before = await afterNext();
    const kept = Array.from({ length: 200 }, () => Buffer.alloc(65_536, 1));
    for (let i = 0; i < 200; i += 1) Buffer.alloc(65_536, 1);
    const grown = (await afterNext()) - before;
    assert.ok(Math.abs(grown - kept.length * 65_536) < 2_000_000, `${grown} bytes`);
  });
});
