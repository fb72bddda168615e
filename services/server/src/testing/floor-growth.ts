/** For a test, in a process of its own: keeps 200 buffers of 64 KB, throws as many away, and prints by how many bytes the floor rose. */
import { waitUntil } from '@encore/kit';
import { collectGarbage } from '../resilience/collect-garbage.ts';
import { Collections } from '../resilience/collections.ts';

const buffers = 200;
const size = 65_536;

using collections = new Collections();
const afterNext = async (): Promise<number> => {
  const { count } = collections;
  collectGarbage();
  await waitUntil('the collection', () => collections.count > count, { timeoutMs: 5_000 });
  return collections.bytesAfter ?? Number.NaN;
};
const before = await afterNext();
const kept = Array.from({ length: buffers }, () => Buffer.alloc(size, 1));
for (let i = 0; i < buffers; i += 1) Buffer.alloc(size, 1);
const grown = (await afterNext()) - before;
console.log(JSON.stringify({ grown, kept: kept.length * size }));
