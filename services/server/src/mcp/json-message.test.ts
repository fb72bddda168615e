import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseMessage } from './json-message.ts';

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

describe('parseMessage', () => {
  it('parses a message with long strings', () => {
    const params = { content: '<a b="[{,">\\\\"'.repeat(250_000), end: '\\' };
    assert.deepEqual(parseMessage(Buffer.from(JSON.stringify({ ...JSON.parse(ping), params }))), {
      ...JSON.parse(ping),
      params,
    });
  });

  const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 400_000 }, (_, i) => [`k${i}`, 1])));
  const refused: [string, Buffer, RegExp][] = [
    ['nothing', Buffer.alloc(0), /not JSON/],
    ['half a message', Buffer.from(ping.slice(0, -1)), /not JSON/],
    ['a byte order mark', Buffer.from(`\uFEFF${ping}`), /not JSON/],
    ['UTF-16', Buffer.from(ping, 'utf16le'), /not JSON/],
    ['invalid UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}')]), /not UTF-8/],
    ['a truncated character', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xc3), Buffer.from('"}')]), /not UTF-8/],
    ['400 000 keys', Buffer.from(keys), /1000 keys/],
    ['400 000 elements', Buffer.from(`[${'1,'.repeat(399_999)}1]`), /1000 keys/],
    ['many objects with few keys', Buffer.from(`[${'{"a":{"b":1}},'.repeat(400)}1]`), /1000 keys/],
    ['unclosed nesting', Buffer.from('[{"a":'.repeat(100_000)), /1000 keys/],
    ['an unclosed string', Buffer.from(`{"a":"${'\\"'.repeat(1_000_000)}`), /not JSON/],
    ['a depth of 100 000', Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)), /1000 keys/],
  ];
  for (const [name, bytes, message] of refused) {
    it(`refuses ${name} in less than 500 ms of CPU`, () => {
      const before = process.threadCpuUsage();
      assert.throws(() => parseMessage(bytes), { name: 'SyntaxError', message });
      const { user, system } = process.threadCpuUsage(before);
      assert.ok(user + system < 500_000);
    });
  }
});
