/**
 * The live page in a real browser during a short run with fake services: it follows the run up to
 * the verdict.
 */
import assert from 'node:assert/strict';
import { createLogger, systemClock, waitUntil } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { performRun } from '../../services/orchestrator/src/run/perform-run.ts';
import { profiles } from '../../services/orchestrator/src/settings/profiles.ts';
import { FakeServices } from '../../services/orchestrator/src/testing/fake-services.ts';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';

describe('live page in Chromium', function () {
  this.timeout(60_000);

  it('follows the run to its verdict, without an error and without requests to other hosts', async function () {
    if (chromiumPath === undefined) {
      console.log('      skipped: found no Chromium; install it or set ENCORE_CHROMIUM to its path');
      this.skip();
    }
    await using lab = await FakeServices.start();
    await using revert = new AsyncDisposableStack();
    const browser = await launchChromium();
    revert.defer(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() !== 'log' && errors.push(message.text()));
    const port = await freePort();
    const host = `127.0.0.1:${port}`;
    page.on(
      'request',
      (request) => !request.url().includes(host) && !request.url().startsWith('data:') && errors.push(request.url()),
    );

    const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7, hours: 40 / 3_600, rampSeconds: 1 };
    const stop = new AbortController();
    const running = performRun(
      { config, plan: makePlan(config, bundledSystem), system: lab.system },
      {
        wiring: { ...lab.wiring, port },
        clock: systemClock,
        logger: createLogger('test', 'silent'),
        display: { output: { write: () => undefined }, terminal: null, interrupt: () => undefined },
        stop: stop.signal,
      },
    );
    revert.defer(() => running.then(() => undefined));
    revert.defer(() => stop.abort(new Error('the test is over')));
    const isUp = () => fetch(`http://${host}/`).then(({ ok }) => ok);
    await waitUntil('the page', () => isUp().catch(() => false), { timeoutMs: 10_000 });
    await page.goto(`http://${host}/`, { waitUntil: 'load' });
    // The page's policy forbids evaluated code, and with it the browser driver's own waiting.
    const until = (what: string, probe: () => Promise<boolean>) => waitUntil(what, probe, { timeoutMs: 20_000 });
    const said = (pattern: RegExp) =>
      until(`${pattern}`, async () => pattern.test((await page.locator('main').textContent()) ?? ''));
    const numbers = () => page.locator('#numbers').textContent();
    await said(/RUNNING/);
    await said(/[1-9]\d* of \d+ operations/);
    await until('four charts', async () => (await page.locator('#timeline canvas').count()) === 4);
    const before = await numbers();
    await until('other numbers', async () => (await numbers()) !== before);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    stop.abort(new Error('enough seen'));
    await running;
    await said(/INTERRUPTED|INCONCLUSIVE|FAILED/);
    assert.deepEqual(errors, []);
  });
});
