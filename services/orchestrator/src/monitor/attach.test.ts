import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, waitUntil } from '@encore/kit';
import { makePlan } from '@encore/plan';
import type { Express } from 'express';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { RunView } from '../progress/run-view.ts';
import { profiles } from '../settings/profiles.ts';
import { FakeService } from '../testing/fake-service.ts';
import { attach } from './attach.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const view = new RunView('r1', config, makePlan(config), 0);

class FakeRun extends FakeService {
  protected override routes(app: Express): void {
    app.get('/api/status', (_request, response) => void response.json(view.snapshot(1_000)));
  }
}

describe('monitor of another terminal, piped', () => {
  let run: FakeRun;
  let said = '';
  const watch = (url: string, stop = new AbortController().signal): Promise<number> =>
    attach({ url, clock: systemClock, output: { write: (text) => (said += text) }, terminal: null, stop });
  beforeEach(async () => {
    run = new FakeRun();
    said = '';
    await run.start();
  });
  afterEach(() => run.stop());

  it('tells of the run in lines, and says when it is over', async () => {
    const watching = watch(run.url);
    await waitUntil('a line', () => said.includes('preflight'), { timeoutMs: 5_000 });
    await run.stop();
    assert.equal(await watching, 0);
    assert.match(said, /^preflight \| .*\nThe run is over; .*\n$/);
  });

  it('says nothing of an end when it is its viewer who leaves', async () => {
    const stop = new AbortController();
    const watching = watch(run.url, stop.signal);
    await waitUntil('a line', () => said.includes('preflight'), { timeoutMs: 5_000 });
    stop.abort();
    assert.equal(await watching, 0);
    assert.doesNotMatch(said, /over/);
  });

  it('says where it looked in vain', async () => {
    await run.stop();
    assert.equal(await watch(run.url), 3);
    assert.match(said, /^There is no run to watch at http:\/\/127\.0\.0\.1:\d+: nobody answers there\n/);
  });

  it('says that it is something else that answers', async () => {
    const other = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    assert.equal(await watch(`http://127.0.0.1:${port}`), 3);
    other.close();
    assert.match(said, /: what answers there is not the page of a run\n/);
  });
});
