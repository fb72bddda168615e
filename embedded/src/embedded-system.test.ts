import assert from 'node:assert/strict';
import { plannedSystem } from '@encore/kit';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { describe, it } from 'mocha';
import { embeddedSystem, unsupportedHere } from './embedded-system.ts';

const bundled = readSystemFile(bundledSystemFile);
const ports = {
  serverProxy: 1,
  health: 2,
  chaos: 3,
  loadgen: 4,
  server: 5,
  postgres: 6,
  postgresProxy: 7,
  toxiproxy: 8,
  page: 9,
};

describe('embeddedSystem', () => {
  it('has the addresses of this machine for every proxy and health URL', () => {
    const { containers, proxies } = embeddedSystem(bundled, ports, {});
    assert.deepEqual(
      Object.values(proxies).map(({ listen, upstream }) => [listen, upstream]),
      [
        ['127.0.0.1:1', '127.0.0.1:5'],
        ['127.0.0.1:7', '127.0.0.1:6'],
      ],
    );
    assert.deepEqual(containers['server']?.health, {
      ready: 'http://127.0.0.1:2/health/ready',
      live: 'http://127.0.0.1:2/health/live',
      detail: 'http://127.0.0.1:2/health/detailed',
    });
    assert.equal(containers['toxiproxy']?.proxyApi, 'http://127.0.0.1:8/');
  });

  it('gives the same plans as on Docker', () => {
    const here = embeddedSystem(bundled, ports, { 'memory-cap': 'no limits' });
    assert.deepEqual(plannedSystem(here), plannedSystem(bundled));
  });

  it('does not support what needs networks or a helper in the image', () => {
    const { partition, 'disk-full': diskFull, freeze } = unsupportedHere();
    assert.match(partition ?? '', /its own network; use Docker/);
    assert.match(diskFull ?? '', /stress helper in its image; use Docker/);
    assert.equal(freeze, undefined);
  });

  it('gives a reason only where the kind is allowed', () => {
    const { containers, proxies } = embeddedSystem(bundled, ports, { 'memory-cap': 'no limits' });
    assert.deepEqual(containers['server']?.unsupported, { 'memory-cap': 'no limits' });
    for (const part of [containers['postgres'], ...Object.values(proxies)]) assert.deepEqual(part?.unsupported, {});
  });
});
