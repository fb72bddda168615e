/**
 * The clients of a proxy on the Docker engine and the real Toxiproxy: one that connects by the name
 * of the service, which leads through the proxy, and two that connect to the target itself.
 */
import assert from 'node:assert/strict';
import { waitUntil } from '@encore/kit';
import { before, describe, it } from 'mocha';
import { requireEngine } from '../../support/engine.ts';
import { ForeignLab, nodeImage } from './foreign-lab.ts';

const runId = 'proxy-uses';
const fetching = (host: string) => ({
  image: nodeImage,
  command: ['node', '-e', `setInterval(() => fetch('http://${host}:80').then((a) => a.text()).catch(() => {}), 200)`],
  restart: 'no',
});
/** A new connection for each request, which ends at once. */
const connecting = (host: string) => ({
  image: nodeImage,
  command: [
    'node',
    '-e',
    `setInterval(() => require('node:net').connect(80, '${host}').on('error', () => {}).end(), 200)`,
  ],
  restart: 'no',
});

describe('clients of a proxy', function () {
  this.timeout(120_000);
  before(async function () {
    await requireEngine(this);
  });

  it('are recorded once each, with those that bypass it by an address or another name', async () => {
    await using lab = await ForeignLab.start({});
    await lab.chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
    await lab.add('worker', fetching('web'), []);
    await lab.add('by-address', fetching(await lab.address('web')), []);
    await lab.add('by-alias', connecting('web-target'), []);
    const uses = async () =>
      (await lab.chaos.eventsOf('proxy_used'))
        .map(({ proxy, client, direct }) => `${client} ${direct} ${proxy}`)
        .sort();
    const expected = ['by-address true web:80', 'by-alias true web:80', 'worker false web:80'];
    const text = expected.join('\n');
    await waitUntil('all clients to be recorded', async () => (await uses()).join('\n') === text, {
      timeoutMs: 40_000,
    }).catch(async () => assert.deepEqual(await uses(), expected));
    const engine = (await lab.chaos.call('GET', '/engine')) as Record<string, unknown>;
    assert.deepEqual([engine['seesConnections'], engine['proxyMisfits']], [true, {}]);
  });
});
