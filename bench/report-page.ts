/**
 * How soon can a reader use the report of a day? The page of a simulated 24-hour run with the
 * faults of the full profile, opened as a file in Chromium, against an empty page of the same size,
 * in turn in one browser. Interactive: the page is loaded and reacts to a key pressed in its
 * timeline (on the empty page, in an element that echoes it).
 *
 * Goals: the file is under 5 MB; interactive within 10 times the time of the empty page, as the
 * median of the rounds.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { renderPage } from '../services/orchestrator/src/report/page.ts';
import { judgeStreams } from '../services/orchestrator/src/testing/judged-run.ts';
import { simulatedDay } from '../services/orchestrator/src/testing/simulated-day.ts';
import { launchChromium } from '../test/support/chromium.ts';
import { spreadOf } from './spread.ts';

const operationsPerSecond = 40;
const rounds = 9;
const maxBytes = 5_000_000;
const maxRatio = 10;

export async function benchReportPage(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  await using revert = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'encore-bench-page-'));
  revert.defer(() => rm(folder, { recursive: true }));
  const page = join(folder, 'report.html');
  const empty = join(folder, 'empty.html');
  const faults = await writeDay(page);
  const { size } = await stat(page);
  await writeFile(empty, emptyPage(size));
  const browser = await launchChromium();
  revert.defer(() => browser.close());
  // The first pages of a browser are slow, whatever they contain.
  for (const path of [empty, page]) await interactiveMs(browser, path);
  const ratios: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const emptyMs = await interactiveMs(browser, empty);
    const pageMs = await interactiveMs(browser, page);
    ratios.push(pageMs / emptyMs);
    print(`round ${round}: empty ${emptyMs.toFixed(0)} ms, report ${pageMs.toFixed(0)} ms`);
  }
  const { minimum, median, maximum } = spreadOf(ratios);
  print(`24 hours, ${faults} faults: ${(size / 1e6).toFixed(2)} MB (limit ${maxBytes / 1e6})`);
  print(
    `interactive after ${median.toFixed(2)} times an empty page (limit ${maxRatio}), ${minimum.toFixed(2)} to ${maximum.toFixed(2)}`,
  );
  return { ok: size < maxBytes && median <= maxRatio };
}

/** Writes the report and returns its number of faults. */
async function writeDay(path: string): Promise<number> {
  const day = simulatedDay(operationsPerSecond);
  const history = day.history();
  const judgement = await judgeStreams({ history, plan: day.plan, ledger: day.ledger() });
  await writeFile(path, renderPage(judgement));
  return judgement.report.faults.length;
}

function emptyPage(bytes: number): string {
  const page = (filler: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Empty</title>
<div id="timeline" tabindex="0"></div><p id="readout"></p>
<script type="application/json">${filler}</script>
<script>
document.getElementById('timeline').onkeydown = () => { document.getElementById('readout').textContent = '00:00:00'; };
</script></html>
`;
  return page(' '.repeat(bytes - page('').length));
}

async function interactiveMs(browser: Browser, path: string): Promise<number> {
  const tab = await browser.newPage({ viewport: { width: 1_280, height: 800 } });
  const startedAt = performance.now();
  await tab.goto(`file://${path}`, { waitUntil: 'load' });
  await tab.locator('#timeline').focus();
  await tab.keyboard.press('ArrowRight');
  await tab.locator('#readout', { hasText: /\d\d:\d\d:\d\d/ }).waitFor();
  const tookMs = performance.now() - startedAt;
  await tab.close();
  return tookMs;
}
