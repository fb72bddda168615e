import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { serverConfigSchema } from '../config.ts';
import { createMetrics } from '../metrics.ts';
import { Admission } from '../resilience/admission.ts';
import { collectGarbage } from '../resilience/collect-garbage.ts';
import { gate } from './gate.ts';
import { Listener } from './listener.ts';

const times = 50;

describe('gate', () => {
  it('keeps nothing of those whom it refused: under overload, that would be collected all the time', async () => {
    const metrics = createMetrics([]);
    const admission = new Admission({
      limits: serverConfigSchema.parse({}),
      clock: systemClock,
      heavyRefused: () => true,
      stopping: () => false,
      onShed: () => {},
    });
    const nobody = () => assert.fail('it was let in');
    const guarded = gate(nobody, { admission, metrics, heavyTools: new Set(['chord_analysis']) });
    const refused: WeakRef<IncomingMessage>[] = [];
    const listener = await Listener.open(
      (asked, response) => {
        refused.push(new WeakRef(asked));
        guarded(asked, response);
      },
      { host: '127.0.0.1', port: 0, requestTimeoutMs: 5_000, maxConnections: 10 },
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < times; i += 1) {
      const asking = request({
        agent,
        host: '127.0.0.1',
        port: listener.port,
        path: '/mcp',
        method: 'POST',
        headers: { 'mcp-name': 'chord_analysis', 'content-length': 2 },
      });
      asking.flushHeaders();
      // Half of them send their body with the head, the others when they have been refused.
      if (i % 2 === 0) asking.end('{}');
      const [answer] = (await once(asking, 'response')) as [IncomingMessage];
      assert.equal(answer.statusCode, 503);
      if (i % 2 === 1) asking.end('{}');
      await once(answer.resume(), 'close');
    }
    agent.destroy();
    assert.equal(refused.length, times);
    // A connection keeps the last request that it brought.
    await sleep(50);
    collectGarbage();
    const kept = refused.filter((request) => request.deref() !== undefined).length;
    await listener.stop(0);
    assert.ok(kept <= 2, `${kept} of ${times} are still kept`);
  });
});
