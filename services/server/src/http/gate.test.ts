import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { serverConfigSchema } from '../config.ts';
import { createMetrics } from '../metrics.ts';
import { Admission } from '../resilience/admission.ts';
import { collectGarbage } from '../resilience/collect-garbage.ts';
import { gate } from './gate.ts';
import { Listener } from './listener.ts';

const asked = 50;

describe('gate', () => {
  it('keeps nothing of those whom it refused: under overload, that would be collected all the time', async () => {
    const metrics = createMetrics([]);
    const admission = new Admission({
      limits: serverConfigSchema.parse({}),
      clock: systemClock,
      heavyRefused: () => true,
      stopping: () => false,
      cpu: null,
      onShed: () => {},
    });
    const nobody = () => assert.fail('it was let in');
    const guarded = gate(nobody, { admission, metrics, heavyTools: new Set(['chord_analysis']) });
    const refused: WeakRef<IncomingMessage>[] = [];
    const listener = await Listener.open(
      (request, response) => {
        refused.push(new WeakRef(request));
        guarded(request, response);
      },
      { host: '127.0.0.1', port: 0, requestTimeoutMs: 5_000, maxConnections: 10 },
    );
    for (let i = 0; i < asked; i += 1) {
      const answer = await fetch(`http://127.0.0.1:${listener.port}/mcp`, {
        method: 'POST',
        headers: { 'mcp-name': 'chord_analysis' },
        body: '{}',
      });
      assert.equal(answer.status, 503);
      await answer.text();
    }
    assert.equal(refused.length, asked);
    // A connection keeps the last request that it brought.
    await sleep(50);
    collectGarbage();
    const kept = refused.filter((request) => request.deref() !== undefined).length;
    await listener.stop(0);
    assert.ok(kept <= 2, `${kept} of ${asked} are still kept`);
  });
});
