/**
 * What Encore relies on in a proxy, through toxiproxy-node-client and plain HTTP: one suite for
 * Toxiproxy and the embedded proxy. Delays are measured, bytes compared, resets observed.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { waitUntil } from '@encore/kit';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { type Proxy as LinkProxy, Toxiproxy } from 'toxiproxy-node-client';
import type { RunningProxy } from '../support/proxies.ts';

type Attributes = Record<string, number>;
/** The client does not export this type. */
type ToxicName = Parameters<LinkProxy['addToxic']>[0]['type'];

export function proxyContract(name: string, make: () => Promise<RunningProxy>): void {
  describe(`proxy contract: ${name}`, () => {
    let proxy: RunningProxy;
    let client: Toxiproxy;
    let link: LinkProxy;
    let upstream: Server;
    let upstreamAddress = '';
    let serve: (socket: Socket) => void;
    const sockets: Socket[] = [];

    before(async () => {
      proxy = await make();
      client = new Toxiproxy(proxy.url);
    });
    after(async () => await proxy?.[Symbol.asyncDispose]());
    beforeEach(async () => {
      serve = (socket) => void socket.pipe(socket);
      upstream = createServer((socket) => {
        keep(socket);
        serve(socket);
      }).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      upstreamAddress = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
      link = await client.createProxy({ name: 'link', listen: '127.0.0.1:0', upstream: upstreamAddress });
    });
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      upstream.close();
      await link.remove();
    });

    const keep = (socket: Socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
    };

    async function dial(): Promise<Socket> {
      const socket = connect(Number(link.listen.split(':').at(-1)), '127.0.0.1');
      keep(socket);
      await once(socket, 'connect');
      return socket;
    }

    /** The fastest of five: a busy machine slows single ones, but none can beat the delay. */
    async function roundTripMs(socket: Socket): Promise<number> {
      const trips: number[] = [];
      for (let i = 0; i < 5; i += 1) trips.push(await oneTripMs(socket));
      return Math.min(...trips);
    }

    async function oneTripMs(socket: Socket): Promise<number> {
      const start = performance.now();
      const answer = once(socket, 'data');
      socket.write('ping');
      await answer;
      return performance.now() - start;
    }

    /** Resolves with how the connection ended and the bytes before. */
    function ending(socket: Socket): Promise<{ outcome: string; bytes: Buffer; afterMs: number }> {
      const start = performance.now();
      const parts: Buffer[] = [];
      return new Promise((done) => {
        const end = (outcome: string) =>
          done({ outcome, bytes: Buffer.concat(parts), afterMs: performance.now() - start });
        socket.on('data', (data: Buffer) => parts.push(data));
        socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
        socket.once('end', () => end('end'));
      });
    }

    function readAll(socket: Socket, length: number): Promise<Buffer> {
      const parts: Buffer[] = [];
      let sum = 0;
      return new Promise((done) => {
        socket.on('data', (data: Buffer) => {
          parts.push(data);
          sum += data.length;
          if (sum >= length) done(Buffer.concat(parts));
        });
      });
    }

    const toxic = (
      type: string,
      attributes: Attributes,
      stream: 'upstream' | 'downstream' = 'downstream',
      toxicity = 1,
    ) =>
      link.addToxic<Attributes>({ name: `${type}_${stream}`, type: type as ToxicName, attributes, stream, toxicity });

    const within = (value: number, min: number, max: number) =>
      assert.ok(value >= min && value <= max, `${value} is not within ${min} and ${max}`);

    async function call(method: string, path: string, body?: unknown, agent = 'encore') {
      const init: RequestInit = { method, headers: { 'user-agent': agent }, signal: AbortSignal.timeout(5_000) };
      if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(proxy.url + path, init);
      const text = await response.text();
      return { status: response.status, body: /^[{[]/.test(text) ? JSON.parse(text) : text };
    }

    it('passes 2 MB unchanged in both directions', async () => {
      const sent = randomBytes(2_000_000);
      const socket = await dial();
      const received = readAll(socket, sent.length);
      socket.write(sent);
      const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');
      assert.equal(hash(await received), hash(sent));
    });

    for (const stream of ['upstream', 'downstream'] as const) {
      it(`latency ${stream}: delays an open connection, follows a change, ends on removal`, async () => {
        const socket = await dial();
        within(await roundTripMs(socket), 0, 60);
        const added = await toxic('latency', { latency: 150, jitter: 0 }, stream);
        within(await roundTripMs(socket), 148, 260);
        const { name, type } = added;
        await added.update({ name, type, stream, attributes: { latency: 60, jitter: 0 }, toxicity: 1 });
        within(await roundTripMs(socket), 58, 140);
        await added.remove();
        within(await roundTripMs(socket), 0, 60);
      });
    }

    it('latency with jitter stays within its bounds', async () => {
      await toxic('latency', { latency: 60, jitter: 30 });
      const socket = await dial();
      for (let i = 0; i < 5; i += 1) within(await roundTripMs(socket), 29, 150);
    });

    it('bandwidth: 200 kB at 500 kB/s', async () => {
      await toxic('bandwidth', { rate: 500 });
      const socket = await dial();
      const start = performance.now();
      const received = readAll(socket, 200_000);
      socket.write(Buffer.alloc(200_000));
      await received;
      within(performance.now() - start, 300, 2_600);
    });

    it('slow_close delays the end, not the data', async () => {
      serve = (socket) => socket.end('bye');
      await toxic('slow_close', { delay: 250 });
      const { outcome, bytes, afterMs } = await ending(await dial());
      assert.deepEqual([outcome, bytes.toString()], ['end', 'bye']);
      within(afterMs, 240, 1_800);
    });

    it('timeout drops data, then closes', async () => {
      let arrived = 0;
      serve = (socket) => socket.on('data', (data) => (arrived += data.length));
      await toxic('timeout', { timeout: 200 }, 'upstream');
      const socket = await dial();
      socket.write('ping');
      const { bytes, afterMs } = await ending(socket);
      assert.deepEqual([bytes.length, arrived], [0, 0]);
      within(afterMs, 190, 1_600);
    });

    it('timeout 0 drops data until its removal, which closes the connection', async () => {
      const socket = await dial();
      await roundTripMs(socket);
      const added = await toxic('timeout', { timeout: 0 });
      const over = ending(socket);
      socket.write('ping');
      await added.remove();
      assert.equal((await over).bytes.length, 0);
    });

    it('reset_peer sends a RST after the first bytes of a new connection', async () => {
      await toxic('reset_peer', { timeout: 0 }, 'upstream');
      const socket = await dial();
      socket.write('ping');
      assert.equal((await ending(socket)).outcome, 'ECONNRESET');
    });

    it('slicer cuts the data into slices without loss', async () => {
      const sizes: number[] = [];
      serve = (socket) => socket.on('data', (data) => sizes.push(data.length));
      await toxic('slicer', { average_size: 100, size_variation: 10, delay: 5_000 }, 'upstream');
      (await dial()).write(Buffer.alloc(1_000));
      const sum = () => sizes.reduce((total, size) => total + size, 0);
      await waitUntil('all bytes', () => sum() >= 1_000, { timeoutMs: 5_000, everyMs: 10 });
      assert.equal(sum(), 1_000);
      within(sizes.length, 4, 25);
    });

    it('limit_data passes exactly `bytes` bytes', async () => {
      await toxic('limit_data', { bytes: 1_000 });
      const socket = await dial();
      const over = ending(socket);
      socket.write(Buffer.alloc(5_000));
      assert.equal((await over).bytes.length, 1_000);
    });

    it('toxicity 0 affects no connection', async () => {
      await toxic('latency', { latency: 300, jitter: 0 }, 'downstream', 0);
      within(await roundTripMs(await dial()), 0, 100);
    });

    it('cuts and refuses connections while disabled, then serves on the same port', async () => {
      const socket = await dial();
      await roundTripMs(socket);
      const cut = ending(socket);
      await link.update({ enabled: false, listen: link.listen, upstream: upstreamAddress });
      await cut;
      await assert.rejects(dial(), { code: 'ECONNREFUSED' });
      await link.update({ enabled: true, listen: link.listen, upstream: upstreamAddress });
      within(await roundTripMs(await dial()), 0, 60);
    });

    it('accepts and then drops a client when the upstream is down', async () => {
      upstream.close();
      await once(upstream, 'close');
      const { outcome, bytes } = await ending(await dial());
      assert.ok(['end', 'ECONNRESET'].includes(outcome), outcome);
      assert.equal(bytes.length, 0);
    });

    it('two toxics add up', async () => {
      await toxic('latency', { latency: 80, jitter: 0 }, 'upstream');
      await toxic('latency', { latency: 70, jitter: 0 }, 'downstream');
      within(await roundTripMs(await dial()), 148, 280);
      assert.equal((await call('GET', '/proxies/link')).body.toxics.length, 2);
    });

    it('shows proxies and toxics', async () => {
      await toxic('latency', { latency: 5, jitter: 1 }, 'upstream', 0.5);
      const { name, listen, enabled, toxics, upstream: to } = (await call('GET', '/proxies')).body.link;
      assert.deepEqual([name, listen, enabled, to], ['link', link.listen, true, upstreamAddress]);
      const shown = { name: 'latency_upstream', type: 'latency', stream: 'upstream', toxicity: 0.5 };
      assert.deepEqual(toxics, [{ ...shown, attributes: { latency: 5, jitter: 1 } }]);
      assert.deepEqual((await call('GET', '/proxies/link/toxics')).body, toxics);
      assert.deepEqual((await call('GET', '/proxies/link/toxics/latency_upstream')).body, toxics[0]);
    });

    it('reset enables and removes every toxic', async () => {
      await toxic('latency', { latency: 5, jitter: 0 });
      await call('POST', '/proxies/link', { enabled: false });
      assert.equal((await call('POST', '/reset')).status, 204);
      const { enabled, toxics } = (await call('GET', '/proxies/link')).body;
      assert.deepEqual([enabled, toxics], [true, []]);
    });

    it('populate keeps unchanged proxies, even disabled ones, and replaces others', async () => {
      await toxic('noop', {});
      await call('POST', '/proxies/link', { enabled: false });
      const same = await call('POST', '/populate', [{ name: 'link', listen: link.listen, upstream: upstreamAddress }]);
      assert.equal(same.status, 201);
      assert.deepEqual([same.body.proxies[0].enabled, same.body.proxies[0].toxics.length], [false, 1]);
      const other = await call('POST', '/populate', [{ name: 'link', listen: link.listen, upstream: '127.0.0.1:9' }]);
      assert.deepEqual([other.body.proxies[0].enabled, other.body.proxies[0].toxics.length], [true, 0]);
    });

    const nowhere = '127.0.0.1:9';
    const refusals: [string, string, unknown, number, string][] = [
      ['a proxy without a name', 'POST /proxies', { upstream: nowhere }, 400, 'missing required field: name'],
      ['a proxy without an upstream', 'POST /proxies', { name: 'x' }, 400, 'missing required field: upstream'],
      ['a name that is taken', 'POST /proxies', { name: 'link', upstream: nowhere }, 409, 'proxy already exists'],
      ['an invalid JSON body', 'POST /proxies', 'nonsense', 400, 'bad request body'],
      ['a name that is a number', 'POST /proxies', { name: 7, upstream: nowhere }, 400, 'bad request body'],
      [
        'a list without a name',
        'POST /populate',
        [{ upstream: nowhere }],
        400,
        'missing required field: name at proxy 1',
      ],
      ['an unknown proxy', 'GET /proxies/nobody', undefined, 404, 'proxy not found'],
      ['the removal of an unknown proxy', 'DELETE /proxies/nobody', undefined, 404, 'proxy not found'],
      ['an unknown toxic', 'GET /proxies/link/toxics/nothing', undefined, 404, 'toxic not found'],
      ['the removal of an unknown toxic', 'DELETE /proxies/link/toxics/nothing', undefined, 404, 'toxic not found'],
      ['an unknown type', 'POST /proxies/link/toxics', { type: 'rust' }, 400, 'invalid toxic type'],
      ['an unknown stream', 'POST /proxies/link/toxics', { type: 'noop', stream: 'up' }, 400, 'stream was invalid'],
      [
        'a fractional attribute',
        'POST /proxies/link/toxics',
        { type: 'latency', attributes: { latency: 0.5 } },
        400,
        'bad request body',
      ],
    ];
    for (const [what, request, body, status, error] of refusals) {
      it(`refuses ${what} with ${status}`, async () => {
        const [method = '', path = ''] = request.split(' ');
        const answer = await call(method, path, body);
        assert.equal(answer.status, status);
        assert.equal(answer.body.status, status);
        assert.ok(String(answer.body.error).startsWith(error), answer.body.error);
      });
    }

    it('refuses a duplicate toxic, a taken address, and browsers', async () => {
      await toxic('noop', {});
      assert.equal((await call('POST', '/proxies/link/toxics', { type: 'noop' })).status, 409);
      const taken = { name: 'other', listen: upstreamAddress, upstream: nowhere };
      assert.equal((await call('POST', '/proxies', taken)).status, 500);
      assert.equal((await call('GET', '/proxies/other')).status, 404);
      assert.equal((await call('GET', '/proxies', undefined, 'Mozilla/5.0')).status, 403);
    });

    it('answers with the status codes of version 2.12', async () => {
      const version = await call('GET', '/version');
      assert.match(version.body.version, /^2\.12\./);
      const created = await call('POST', '/proxies', { name: 'codes', listen: '127.0.0.1:0', upstream: nowhere });
      assert.equal(created.status, 201);
      assert.deepEqual(created.body.toxics, []);
      assert.equal((await call('PATCH', '/proxies/codes', { enabled: false })).status, 200);
      const added = await call('POST', '/proxies/codes/toxics', { type: 'timeout' });
      assert.deepEqual([added.status, added.body.name, added.body.toxicity], [200, 'timeout_downstream', 1]);
      assert.deepEqual(added.body.attributes, { timeout: 0 });
      assert.equal((await call('PATCH', '/proxies/codes/toxics/timeout_downstream', { toxicity: 0.5 })).status, 200);
      assert.equal((await call('DELETE', '/proxies/codes/toxics/timeout_downstream')).status, 204);
      assert.equal((await call('DELETE', '/proxies/codes')).status, 204);
    });
  });
}
