/** autocannon under the guard: an outage, cut answers and polite closes, each of which ruins it without. */
import assert from 'node:assert/strict';
import { createLogger, systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Baseline } from './baseline.ts';
import { FakeServer } from './testing/fake-server.ts';

describe('pressure', function () {
  this.timeout(20_000);
  let fake: FakeServer;
  let baseline: Baseline;

  beforeEach(async () => {
    fake = await FakeServer.start();
    baseline = new Baseline(fake.url, createLogger('loadgen', 'silent'));
  });
  afterEach(async () => {
    await baseline[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  });

  const connections = 5;
  const never = new AbortController().signal;

  it('measures what a server can do, and ends on time', async () => {
    const result = await baseline.measure({ seconds: 1, connections }, never);
    assert.ok(result.seconds > 0.8 && result.seconds < 2, `${result.seconds} s`);
    assert.ok(result.answered > 100, `${result.answered}`);
    assert.ok(Math.abs(result.requestsPerSecond - result.answered / result.seconds) < 1);
    assert.equal(result.refused, 0);
    const { p50, p99, max } = result.latencyMs;
    assert.ok(p50 > 0 && p50 <= p99 && p99 <= max);
  });

  it('counts refusals apart', async () => {
    let calls = 0;
    fake.hook = ({ name, response }) => {
      calls += name === 'key_analysis' ? 1 : 0;
      if (name !== 'key_analysis' || calls % 2 === 0) return undefined;
      response.writeHead(503, { 'retry-after': '1' }).end();
      return 'taken';
    };
    const { answered, refused } = await baseline.measure({ seconds: 1, connections }, never);
    assert.ok(Math.abs(answered - refused) <= connections + 1, `${answered} and ${refused}`);
  });

  for (const [how, cut] of [
    ['a reset', 'resetAndDestroy'],
    ['a polite close', 'end'],
  ] as const) {
    it(`goes on after ${how} in the middle of an answer, and nothing is unaccounted for`, async () => {
      let asked = 0;
      let cuts = 0;
      fake.hook = ({ name, response }) => {
        if (name !== 'key_analysis') return undefined;
        asked += 1;
        if (asked % 50 !== 0) return undefined;
        cuts += 1;
        const { socket } = response;
        socket?.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"jsonrpc"',
          () => socket[cut](),
        );
        return 'taken';
      };
      const { answered, lost } = await baseline.measure({ seconds: 2, connections }, never);
      assert.ok(cuts >= 5, `${cuts} cuts`);
      assert.ok(Math.abs(lost - cuts) <= connections, `${lost} lost, ${cuts} cut`);
      // What was under way when it ended is in neither count.
      assert.ok(asked - answered - lost <= connections, `${asked} asked, ${answered} answered, ${lost} lost`);
    });
  }

  it('survives an outage: no hot loop, and no latency of the outage after it', async () => {
    const ended = baseline.measure({ seconds: 6, connections }, never);
    await waitUntil('traffic', () => fake.calls > 50, { timeoutMs: 3_000 });
    const { port } = fake;
    await fake[Symbol.asyncDispose]();
    await systemClock.sleep(2_000);
    const { server } = fake;
    fake = await FakeServer.start(port);
    fake.scores.set('pressure-probe-1', {
      id: 'pressure-probe-1',
      version: 1,
      content: Buffer.from(''),
      previous: null,
    });
    assert.notEqual(fake.server, server);
    const { answered, lost, latencyMs } = await ended;
    // Without a pause there are tens of thousands of failed tries; with it some ten for each connection.
    assert.ok(lost >= connections && lost < connections * 30, `${lost} lost`);
    assert.ok(fake.calls > 50 && answered > 100, `${fake.calls} calls after the outage`);
    assert.ok(latencyMs.p99 < 500, `p99 ${latencyMs.p99} ms`);
  });

  it('ends at once, with its result, when whoever asked goes away; only one at a time', async () => {
    const caller = new AbortController();
    const running = baseline.measure({ seconds: 60, connections }, caller.signal);
    await assert.rejects(baseline.measure({ seconds: 1, connections }, never), { code: 'PRESSURE_ACTIVE' });
    await waitUntil('traffic', () => fake.calls > 50, { timeoutMs: 3_000 });
    caller.abort();
    const { seconds, answered, tool } = await running;
    assert.ok(seconds < 5 && answered > 0, `${seconds} s, ${answered}`);
    assert.match(tool, /^autocannon \d+\.\d+\.\d+$/);
    await baseline.measure({ seconds: 1, connections }, never);
  });

  it('says why when there is nobody to press', async () => {
    const nobody = new Baseline('http://127.0.0.1:1', createLogger('loadgen', 'silent'));
    await assert.rejects(nobody.measure({ seconds: 1, connections }, never), { code: 'NO_PRESSURE' });
  });
});
