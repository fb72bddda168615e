import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, waitUntil } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import type { Express } from 'express';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { RunView } from '../progress/run-view.ts';
import { profiles } from '../settings/profiles.ts';
import { FakeService } from '../testing/fake-service.ts';
import { attach } from './attach.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const view = new RunView('r1', config, makePlan(config, bundledSystem), 0);

class FakeRun extends FakeService {
  protected override routes(app: Express): void {
    app.get('/api/status', (_request, response) => void response.json(view.snapshot(1_000)));
  }
}

describe('encore monitor, piped', () => {
  let run: FakeRun;
  let printed = '';
  const watch = (url: string, stop = new AbortController().signal): Promise<number> =>
    attach(url, {
      clock: systemClock,
      display: { output: { write: (text) => (printed += text) }, terminal: null },
      stop,
    });
  beforeEach(async () => {
    run = new FakeRun();
    printed = '';
    await run.start();
  });
  afterEach(() => run.stop());

  it('prints lines, and the end of the run', async () => {
    const watching = watch(run.url);
    await waitUntil('a line', () => printed.includes('preflight'), { timeoutMs: 5_000 });
    await run.stop();
    assert.equal(await watching, 0);
    assert.match(printed, /^preflight \| .*\nThe run is over\. .*\n$/);
  });

  it('prints no end when the user closes it', async () => {
    const stop = new AbortController();
    const watching = watch(run.url, stop.signal);
    await waitUntil('a line', () => printed.includes('preflight'), { timeoutMs: 5_000 });
    stop.abort();
    assert.equal(await watching, 0);
    assert.doesNotMatch(printed, /over/);
  });

  it('names the address that does not respond', async () => {
    await run.stop();
    assert.equal(await watch(run.url), 3);
    assert.match(printed, /^No run at http:\/\/127\.0\.0\.1:\d+: no response\n/);
  });

  it('reports a response that is not from a run', async () => {
    const other = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    assert.equal(await watch(`http://127.0.0.1:${port}`), 3);
    other.close();
    assert.match(printed, /: the response is not from a run\n/);
  });
});
