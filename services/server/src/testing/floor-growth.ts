/**
 * A program for a test: keeps 200 buffers of 64 KB, discards 200 others, and prints by how many
 * bytes the memory floor rises.
 */
import { waitUntil } from '@encore/kit';
import { collectGarbage } from '@encore/kit/collect-garbage';
import { GarbageCollections } from '../resilience/garbage-collections.ts';

const buffers = 200;
const size = 65_536;

using garbageCollections = new GarbageCollections();
const afterNext = async (): Promise<number> => {
  const { count } = garbageCollections;
  collectGarbage();
  await waitUntil('the collection', () => garbageCollections.count > count, { timeoutMs: 5_000 });
  return garbageCollections.bytesAfter ?? Number.NaN;
};
const before = await afterNext();
const kept = Array.from({ length: buffers }, () => Buffer.alloc(size, 1));
for (let i = 0; i < buffers; i += 1) Buffer.alloc(size, 1);
const grown = (await afterNext()) - before;
console.log(JSON.stringify({ grown, kept: kept.length * size }));
