import assert from 'node:assert/strict';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, it } from 'mocha';
import { createKnownAddressLookup } from './known-address.ts';

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
const refused: NodeJS.ErrnoException = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
const at = (address: string): LookupAddress[] => [{ address, family: 4 }];

/** A name server whose next responses are given by hand. */
function nameServer() {
  const asked: Answer[] = [];
  const lookup = createKnownAddressLookup((_name, _options, answer) => asked.push(answer));
  const find = (options: LookupOptions = {}) =>
    new Promise((resolve, reject) =>
      lookup('chaos', options, (error, address, family) => (error ? reject(error) : resolve([address, family]))),
    );
  const answer: Answer = (...result) => {
    const next = asked.shift();
    assert.ok(next, 'nobody asked');
    next(...result);
  };
  return { asked, find, answer };
}

describe('createKnownAddressLookup', () => {
  it('returns the address of the last success while the name server fails, and a new one after that', async () => {
    const { find, answer } = nameServer();
    const first = find();
    answer(null, at('172.19.0.3'));
    assert.deepEqual(await first, ['172.19.0.3', 4]);
    const failed = find({ all: true });
    answer(refused, []);
    assert.deepEqual(await failed, [at('172.19.0.3'), undefined]);
    const moved = find();
    answer(null, at('172.19.0.9'));
    assert.deepEqual(await moved, ['172.19.0.9', 4]);
  });

  it('does not wait for a name server that hangs, and asks it once at a time', async () => {
    const { asked, find, answer } = nameServer();
    const first = find();
    answer(null, at('172.19.0.3'));
    await first;
    assert.deepEqual(await Promise.all([find(), find()]), [
      ['172.19.0.3', 4],
      ['172.19.0.3', 4],
    ]);
    assert.equal(asked.length, 1);
    answer(null, at('172.19.0.9'));
    const next = find();
    answer(refused, []);
    assert.deepEqual(await next, ['172.19.0.9', 4], 'a late response counts for later calls');
  });

  it('fails for a name that was never found', async () => {
    const { find, answer } = nameServer();
    const never = find();
    answer(refused, []);
    await assert.rejects(never, { code: 'EAI_AGAIN' });
  });
});
