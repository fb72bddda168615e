import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'mocha';
import { holdPorts } from './ports.ts';

describe('ports of a lab', () => {
  it('are free, below the range of outgoing connections, and not those of another lab', async () => {
    await using first = await holdPorts();
    await using second = await holdPorts();
    const all = [...Object.values(first.ports), ...Object.values(second.ports)];
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.every((port) => port < 32_768));
    for (const port of all) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
    }
  });

  it('avoid a block in which one is busy', async () => {
    const probe = await holdPorts();
    const busy = createServer().listen(probe.ports.page, '0.0.0.0');
    await once(busy, 'listening');
    await probe[Symbol.asyncDispose]();
    try {
      await using held = await holdPorts();
      assert.notEqual(held.ports.page, probe.ports.page);
    } finally {
      busy.close();
    }
  });
});
