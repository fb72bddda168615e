import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createLogger, type HttpService, systemClock } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LivePage } from './live/live-page.ts';
import { RunMetrics } from './metrics.ts';
import { RunView } from './progress/run-view.ts';
import { profiles } from './settings/profiles.ts';
import { startStatusApi } from './status-api.ts';

const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const plan = makePlan(config, bundledSystem);

describe('status API', () => {
  const stops: string[] = [];
  const view = new RunView('a run', config, plan, systemClock.now());
  const page = new LivePage(view, systemClock);
  let service: HttpService;
  beforeEach(async () => {
    stops.length = 0;
    const wiring = { name: 'orchestrator', host: '127.0.0.1', port: 0 };
    const metrics = new RunMetrics(view, systemClock);
    const context = { wiring, logger: createLogger('test', 'silent'), clock: systemClock };
    service = await startStatusApi(context, { view, metrics, page }, (reason) => stops.push(reason));
  });
  afterEach(() => service[Symbol.asyncDispose]());

  /** Not with fetch, which sets its own Host header. */
  function ask(route: string, headers: Record<string, string>): Promise<{ status: number | undefined; text: string }> {
    const [method, path] = route.split(' ');
    return new Promise((done, failed) => {
      const asked = request({ host: '127.0.0.1', port: service.port, method, path, headers }, async (response) => {
        const text = (await response.setEncoding('utf8').toArray()).join('');
        done({ status: response.statusCode, text });
      });
      asked.once('error', failed).end();
    });
  }

  const routes = [
    'GET /',
    'GET /live-updates',
    'GET /api/status',
    'GET /live',
    'GET /ready',
    'GET /metrics',
    'POST /stop',
  ];
  for (const route of routes) {
    it(`${route} rejects a request from another site's page`, async () => {
      const port = `:${service.port}`;
      for (const headers of [
        { host: 'evil.example' },
        { host: `localhost.evil.example${port}` },
        { host: `localhost${port}`, origin: 'http://evil.example' },
        { host: `localhost${port}`, origin: 'null' },
      ]) {
        const { status, text } = await ask(route, headers);
        assert.equal(status, 403, JSON.stringify(headers));
        const { error } = JSON.parse(text) as { error: object };
        assert.deepEqual(Object.keys(error), ['code', 'message', 'definite']);
        assert.match(text, /FORBIDDEN_HOST/);
      }
      assert.deepEqual(stops, []);
    });
  }

  it("responds under this machine's names and the name that Prometheus uses", async () => {
    for (const host of ['localhost', 'localhost:8180', '127.0.0.1:8080', '[::1]:8080', 'orchestrator:8080']) {
      assert.equal((await ask('GET /metrics', { host })).status, 200, host);
      assert.equal((await ask('POST /stop', { host, origin: `http://${host}` })).status, 202, host);
    }
    assert.equal(stops.length, 5);
  });
});
