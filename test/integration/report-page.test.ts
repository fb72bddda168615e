/**
 * The report's page in a real browser, opened as a file: no error, no request, every fault
 * reachable, readable on a phone, usable by keyboard. Needs Chromium on the PATH or in
 * ENCORE_CHROMIUM.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Browser, Page } from 'playwright-core';
import { renderPage } from '../../services/orchestrator/src/report/page.ts';
import { writeReports } from '../../services/orchestrator/src/report/write-reports.ts';
import { judgeStreams } from '../../services/orchestrator/src/testing/judged-run.ts';
import { simulatedDay } from '../../services/orchestrator/src/testing/simulated-day.ts';
import { plannedFault } from '../../services/orchestrator/src/testing/simulated-fault.ts';
import { SimulatedRun } from '../../services/orchestrator/src/testing/simulated-run.ts';
import { chromiumPath, launchChromium } from '../support/chromium.ts';

describe('report page in Chromium', function () {
  this.timeout(60_000);
  let browser: Browser;
  let folder = '';

  before(async function () {
    if (chromiumPath === undefined) {
      console.log('      skipped: found no Chromium; install it or set ENCORE_CHROMIUM to its path');
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'encore-page-'));
    const kinds = ['latency', 'connection-refused', 'timeout'] as const;
    const network = Array.from({ length: 57 }, (_, index) =>
      plannedFault(index + 4, {
        kind: kinds[index % 3] ?? 'latency',
        target: 'server:8000',
        atSeconds: 200 + index * 30,
        durationSeconds: 2,
      }),
    );
    const run = new SimulatedRun({
      steadySeconds: 2_000,
      faults: [
        plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 40.25 }),
        plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 80.5, downSeconds: 4 }),
        ...network,
      ],
    });
    const judgement = await judgeStreams({
      history: run.history(),
      plan: run.plan,
      ledger: run.ledger(),
    });
    await writeReports(judgement, folder, join(folder, 'report.json'));
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark', use: (page: Page) => Promise<void>): Promise<void> {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() !== 'log' && errors.push(message.text()));
    page.on('request', (request) => !/^(file|data):/.test(request.url()) && errors.push(request.url()));
    await page.goto(`file://${folder}/report.html`);
    await use(page);
    assert.deepEqual(errors, []);
    await page.close();
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`draws four charts with every fault, ${colorScheme}`, async () => {
      await open(1_280, colorScheme, async (page) => {
        assert.equal(await page.locator('#timeline canvas').count(), 4);
        assert.match((await page.locator('#bands').textContent()) ?? '', /kills and stops \(2\).*network \(57\)/);
        assert.equal(await page.locator('.word').textContent(), 'PASSED');
      });
    });
  }

  it('shows the first faults, all on request, and one in the timeline on click', async () => {
    await open(1_280, 'light', async (page) => {
      const rows = page.locator('#faults tbody tr:visible');
      assert.equal(await rows.count(), 40);
      await page.locator('#more-faults').click();
      assert.equal(await rows.count(), 59);
      await page.locator('#fault-kind').selectOption('outage');
      assert.equal(await rows.count(), 1);
      assert.equal(await page.locator('#zoom-out').isHidden(), true);
      await page.locator('[data-jump="f0002"]').click();
      assert.equal(await page.locator('#zoom-out').isVisible(), true);
      await page.locator('#zoom-out').click();
      assert.equal(await page.locator('#zoom-out').isHidden(), true);
    });
  });

  it('labels each fault at its time in the timeline', async () => {
    await open(1_280, 'light', async (page) => {
      await page.locator('#more-faults').click();
      const links = await page.locator('#faults [data-jump]').all();
      assert.equal(links.length, 59);
      for (const link of links) {
        const id = (await link.getAttribute('data-jump')) ?? '';
        await link.click();
        const plot = await page.locator('#chart-rate .u-over').boundingBox();
        assert.ok(plot);
        // The window is centred on the fault, so its middle is the fault's time.
        await page.mouse.move(plot.x + plot.width / 2, plot.y + plot.height / 2);
        const [, clock = '', names = ''] =
          /^(\S+) · (.*)/.exec((await page.locator('#readout').textContent()) ?? '') ?? [];
        assert.match(names, new RegExp(`\\b${id} `));
        const injected = (await page.locator(`tr:has([data-jump="${id}"]) td:nth-child(2)`).textContent()) ?? '';
        const sinceMs = Date.parse(`2026-11-23T${clock}Z`) - Date.parse(`2026-11-23T${injected}Z`);
        assert.ok(sinceMs > -1_000 && sinceMs < 10_000, `${id} of ${injected} stands at ${clock}`);
      }
    });
  });

  it('sorts faults by recovery time', async () => {
    await open(1_280, 'light', async (page) => {
      await page.locator('#fault-order').selectOption('recovery');
      assert.match((await page.locator('#faults tbody tr').first().textContent()) ?? '', /outage/);
    });
  });

  it('moves and zooms by keyboard, and announces the position', async () => {
    await open(1_280, 'light', async (page) => {
      await page.locator('#timeline').focus();
      await page.keyboard.press('ArrowRight');
      const first = await page.locator('#readout').textContent();
      assert.match(first ?? '', /\d\d:\d\d:\d\d · .* succeeded · .*success/);
      await page.keyboard.press('Shift+ArrowRight');
      assert.notEqual(await page.locator('#readout').textContent(), first);
      await page.keyboard.press('+');
      assert.equal(await page.locator('#zoom-out').isVisible(), true);
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('#zoom-out').isHidden(), true);
    });
  });

  it('reaches its controls by the Tab key alone', async () => {
    await open(1_280, 'light', async (page) => {
      const reached = new Set<string>();
      for (let press = 0; press < 12; press += 1) {
        await page.keyboard.press('Tab');
        reached.add(await page.evaluate('document.activeElement.id || document.activeElement.className'));
      }
      for (const id of ['skip', 'timeline', 'fault-kind', 'fault-order', 'link'])
        assert.ok(reached.has(id), `${id} in ${[...reached]}`);
    });
  });

  it('takes less than 5 MB for a day with the faults of the full profile', async () => {
    const day = simulatedDay(40);
    const history = day.history();
    const judgement = await judgeStreams({ history, plan: day.plan, ledger: day.ledger() });
    const path = join(folder, 'day.html');
    await writeFile(path, renderPage(judgement));
    assert.ok((await stat(path)).size < 5_000_000);
    await open(390, 'light', async (page) => {
      await page.goto(`file://${path}`);
      assert.equal(await page.locator('#faults [data-jump]').count(), day.plan.faults.length);
      assert.match(
        (await page.locator('#bands').textContent()) ?? '',
        /kills and stops \(30\).*network \(526\).*disk \(29\)/,
      );
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    });
  });

  it('shows the fault table without horizontal scrolling at every width', async () => {
    for (const width of [1180, 800, 400])
      await open(width, 'light', async (page) => {
        const hidden = await page.evaluate(
          `(() => { const box = document.querySelector('#faults').parentElement; return box.scrollWidth - box.clientWidth; })()`,
        );
        assert.equal(hidden, 0, `at ${width} px`);
      });
  });

  it('fits a phone: no element is wider than the screen, no text is small', async () => {
    await open(390, 'light', async (page) => {
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
      const small = await page.evaluate(
        `[...document.querySelectorAll('p, td, dd, li')].filter((one) => one.offsetParent && parseFloat(getComputedStyle(one).fontSize) < 13).length`,
      );
      assert.equal(small, 0);
      const lettersPx = await page.evaluate(
        `Math.min(...[...document.querySelectorAll('.plot text')].map((one) => one.getBoundingClientRect().height))`,
      );
      assert.ok(Number(lettersPx) > 10, `letters of ${lettersPx} px in the plot`);
    });
  });
});
