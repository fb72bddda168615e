/** Guarded autocannon through an outage, truncated responses and clean closes. */
import assert from 'node:assert/strict';
import { createLogger, systemClock, waitUntil } from '@encore/kit';
import { capacityTest } from '@encore/workload-music/probe';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CapacityTest } from './capacity-test.ts';
import { FakeServer } from './testing/fake-server.ts';

describe('capacity test', function () {
  this.timeout(20_000);
  let fake: FakeServer;
  let tested: CapacityTest;

  beforeEach(async () => {
    fake = await FakeServer.start();
    tested = new CapacityTest(fake.url, capacityTest(), createLogger('loadgen', 'silent'));
  });
  afterEach(async () => {
    await tested[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  });

  const connections = 5;
  const never = new AbortController().signal;

  it('measures throughput and latency, and ends on time', async () => {
    const result = await tested.measure({ seconds: 1, connections }, never);
    assert.ok(result.seconds > 0.8 && result.seconds < 2, `${result.seconds} s`);
    assert.ok(result.answered > 100, `${result.answered}`);
    assert.ok(Math.abs(result.requestsPerSecond - result.answered / result.seconds) < 1);
    assert.equal(result.refused, 0);
    const { p50, p99, max } = result.latencyMs;
    assert.ok(p50 > 0 && p50 <= p99 && p99 <= max);
  });

  it('counts refused requests separately', async () => {
    let calls = 0;
    fake.hook = ({ name, response }) => {
      calls += name === 'key_analysis' ? 1 : 0;
      if (name !== 'key_analysis' || calls % 2 === 0) return undefined;
      response.writeHead(503, { 'retry-after': '1' }).end();
      return 'handled';
    };
    const { answered, refused } = await tested.measure({ seconds: 1, connections }, never);
    assert.ok(Math.abs(answered - refused) <= connections + 1, `${answered} and ${refused}`);
  });

  for (const [name, close] of [
    ['a reset', 'resetAndDestroy'],
    ['a clean close', 'end'],
  ] as const) {
    it(`continues after ${name} within a response and accounts for every request`, async () => {
      let requests = 0;
      let cuts = 0;
      fake.hook = ({ name, response }) => {
        if (name !== 'key_analysis') return undefined;
        requests += 1;
        if (requests % 50 !== 0) return undefined;
        cuts += 1;
        const { socket } = response;
        socket?.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"jsonrpc"',
          () => socket[close](),
        );
        return 'handled';
      };
      const { answered, lost } = await tested.measure({ seconds: 2, connections }, never);
      assert.ok(cuts >= 5, `${cuts} cuts`);
      assert.ok(Math.abs(lost - cuts) <= connections, `${lost} lost, ${cuts} cut`);
      // Requests in flight at the end are in neither count.
      assert.ok(requests - answered - lost <= connections, `${requests} requests, ${answered} answered, ${lost} lost`);
    });
  }

  it('survives an outage without a hot loop or wrong latencies', async () => {
    const ended = tested.measure({ seconds: 6, connections }, never);
    await waitUntil('traffic', () => fake.calls > 50, { timeoutMs: 3_000 });
    const { port } = fake;
    await fake[Symbol.asyncDispose]();
    await systemClock.sleep(2_000);
    const { server } = fake;
    fake = await FakeServer.start(port);
    fake.scores.set('capacity-probe-1', {
      id: 'capacity-probe-1',
      version: 1,
      content: Buffer.from(''),
      previous: null,
    });
    assert.notEqual(fake.server, server);
    const { answered, lost, latencyMs } = await ended;
    // Without backoff there are tens of thousands of failed attempts; with it, about ten per
    // connection.
    assert.ok(lost >= connections && lost < connections * 30, `${lost} lost`);
    assert.ok(fake.calls > 50 && answered > 100, `${fake.calls} calls after the outage`);
    assert.ok(latencyMs.p99 < 500, `p99 ${latencyMs.p99} ms`);
  });

  it('runs one test at a time and ends with its result when the caller disconnects', async () => {
    const caller = new AbortController();
    const running = tested.measure({ seconds: 60, connections }, caller.signal);
    await assert.rejects(tested.measure({ seconds: 1, connections }, never), { code: 'CAPACITY_TEST_ACTIVE' });
    await waitUntil('traffic', () => fake.calls > 50, { timeoutMs: 3_000 });
    caller.abort();
    const { seconds, answered, tool } = await running;
    assert.ok(seconds < 5 && answered > 0, `${seconds} s, ${answered}`);
    assert.match(tool, /^autocannon \d+\.\d+\.\d+$/);
    await tested.measure({ seconds: 1, connections }, never);
  });

  it('reports a server that it cannot reach', async () => {
    const unreachable = new CapacityTest('http://127.0.0.1:1', capacityTest(), createLogger('loadgen', 'silent'));
    await assert.rejects(unreachable.measure({ seconds: 1, connections }, never), { code: 'CAPACITY_TEST_FAILED' });
  });
});
