import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { runCommand } from '../../test/support/command.ts';
import { bundledOffsets, chosenPorts, holdPorts } from './ports.ts';

describe('ports of a lab', () => {
  it('are free, below the ephemeral range, and not used by another lab', async () => {
    await using first = await holdPorts(bundledOffsets);
    await using second = await holdPorts(bundledOffsets);
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

  it('skip a block with a busy port', async () => {
    const probe = await holdPorts(bundledOffsets);
    const busy = createServer().listen(probe.ports.page, '0.0.0.0');
    await once(busy, 'listening');
    await probe[Symbol.asyncDispose]();
    try {
      await using held = await holdPorts(bundledOffsets);
      assert.notEqual(held.ports.page, probe.ports.page);
    } finally {
      busy.close();
    }
  });

  it('skip a block with a port that others will use', async () => {
    const probe = await holdPorts(bundledOffsets);
    const { page } = probe.ports;
    await probe[Symbol.asyncDispose]();
    await using held = await holdPorts(bundledOffsets, {}, [page]);
    assert.notEqual(held.ports.page, page);
  });

  it('are the chosen ones, where the defaults in .env do not count as chosen', async () => {
    const file = { ENCORE_PORT_SERVER: '8000', ENCORE_PORT_PAGE: '8090', ENCORE_PORT_GRAFANA: '3000' };
    assert.deepEqual(chosenPorts(file, {}), { page: 8090 });
    assert.deepEqual(chosenPorts(file, { ENCORE_PORT_SERVER: '8000' }), { serverProxy: 8000, page: 8090 });
    const chosen = await (async () => {
      await using probe = await holdPorts(bundledOffsets);
      const { serverProxy, health, page } = probe.ports;
      return { serverProxy: page, health: serverProxy, page: health };
    })();
    await using held = await holdPorts(bundledOffsets, chosen);
    const { serverProxy, health, page } = held.ports;
    assert.deepEqual({ serverProxy, health, page }, chosen);
    assert.equal(new Set(Object.values(held.ports)).size, Object.keys(held.ports).length);
  });

  it('are refused while the loopback interface is down or has another address', async function () {
    const unshare = ['--net', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
    if (spawnSync('unshare', [...unshare, 'true']).status !== 0) this.skip();
    const script = `const { bundledOffsets, holdPorts } = await import(process.argv[1]);
      await holdPorts(bundledOffsets).catch((error) => console.log(error.code, error.message));`;
    const node = [process.execPath, '--input-type=module', '-e', script, join(import.meta.dirname, 'ports.ts')];
    for (const prepare of ['true', 'ip link set lo up && ip addr del 127.0.0.1/8 dev lo']) {
      const argv = [...unshare, 'sh', '-c', `${prepare}; exec "$@"`, 'sh', ...node];
      const { stdout, stderr } = await runCommand('unshare', argv, { timeoutMs: 60_000 });
      assert.match(stdout, /^NO_PORTS .*Bring the loopback interface up/, stderr);
    }
  }).timeout(90_000);

  it("are refused with the variable's name when taken or chosen twice", async () => {
    await using held = await holdPorts(bundledOffsets);
    const { page } = held.ports;
    const busy = createServer().listen(page, '127.0.0.1');
    await once(busy, 'listening');
    try {
      await assert.rejects(holdPorts(bundledOffsets, { page }), {
        code: 'PORT_TAKEN',
        message: /^ENCORE_PORT_PAGE: port \d+ cannot/,
      });
    } finally {
      busy.close();
    }
    await assert.rejects(
      holdPorts(bundledOffsets, { serverProxy: 9, health: 9 }),
      /ENCORE_PORT_HEALTH|ENCORE_PORT_SERVER/,
    );
  });
});
