import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { crash, judgedKills, judgedUntil, outage } from '../testing/judged-run.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { renderPage, renderUpdate } from './page.ts';

describe('page', () => {
  it('escapes hostile text from a run', async () => {
    const hostile = '</script><img src=x onerror=alert(1)>';
    const { report, series } = await judgedKills({ strayFailures: 1 }, (event) =>
      event.type === 'attempt_failed' ? { ...event, request: hostile, detail: hostile } : event,
    );
    const renamed = { ...series, memoryBytes: { [hostile]: series.at.map(() => 1) } };
    const page = renderPage({ report: { ...report, run_id: hostile }, series: renamed });
    assert.equal(page.includes('<img'), false);
    assert.equal(page.match(/<\/script>/g)?.length, 4, 'only the four scripts of the page');
    assert.ok(page.includes('&lt;/script&gt;&lt;img src=x'));
  });

  it('keeps numbers and percent signs on one line', async () => {
    const { report, series } = await judgedKills();
    const page = renderPage({ report: { ...report, warnings: ['warning zone: 90 to 95 %'] }, series });
    assert.ok(page.includes('<li>warning zone: 90 to 95\u00a0%</li>'));
  });

  it('makes no network requests', async () => {
    const page = renderPage(await judgedKills());
    assert.ok(page.includes('default-src &#39;none&#39;'), 'the policy forbids every request');
    assert.equal(/(?:src|href)="(?!#|data:)/.test(page), false);
    assert.equal(/url\(\s*['"]?(?!data:)/.test(page), false);
  });

  it('shows the verdict first, and each fault and rule once', async () => {
    const { report, series } = await judgedKills();
    const page = renderPage({ report, series });
    assert.ok(page.indexOf('PASSED') < page.indexOf('success_rate'));
    assert.equal(page.match(/<tr data-kind=/g)?.length, 2);
    for (const { name } of report.thresholds) assert.ok(page.includes(`<code>${name}</code>`), name);
  });

  it('makes no final statement during the run', async () => {
    const run = new SimulatedRun({
      faults: [crash, plannedFault(3, { kind: 'freeze', target: 'server', atSeconds: 60, durationSeconds: 20 })],
    });
    const judgement = judgedUntil(run, 70);
    const { sections } = renderUpdate(judgement, true);
    assert.match(sections['verdict'] ?? '', /2 faults with an effect, 1 of them a kill, 1 recovered, 1 in progress/);
    assert.match(sections['numbers'] ?? '', /everything is read back at the end/);
    assert.doesNotMatch(sections['numbers'] ?? '', /not verified/);
    assert.match(renderPage(await judgedKills()), /2 faults with an effect, 2 of them kills, all recovered/);
  });

  it('does not report a fault that is not due yet as missed', async () => {
    const run = new SimulatedRun({ faults: [crash, outage] });
    const judgement = judgedUntil(run, 60);
    const rowOf = (page: string, kind: string): string =>
      new RegExp(`<tr data-kind="${kind}".*?</tr>`).exec(page)?.[0] ?? '';
    const { sections } = renderUpdate(judgement, true);
    assert.match(rowOf(sections['faults-section'] ?? '', 'outage'), /not due yet/);
    assert.doesNotMatch(rowOf(sections['faults-section'] ?? '', 'outage'), /never injected|>no</);
    assert.match(rowOf(sections['faults-section'] ?? '', 'crash'), /class="effect confirmed"/);
    assert.match(rowOf(renderPage(judgement), 'outage'), /never injected/, 'after the run it was missed');
  });

  it('formats names and units of the environment', async () => {
    const { report, series } = await judgedKills();
    const environment = { ...report.environment, memoryBytes: 25_276_502_016, clockAheadMs: -1.556_640_625 };
    const page = renderPage({ report: { ...report, environment }, series });
    assert.match(page, /<dt>Memory<\/dt><dd>23\.5 GB<\/dd>/);
    assert.match(page, /<dt>Clock ahead<\/dt><dd>-1\.6 ms<\/dd>/);
  });

  it('updates every section except the timeline, which draws the series', async () => {
    const judgement = await judgedKills();
    const update = renderUpdate(judgement, true);
    assert.equal(update.sections['timeline-section'], undefined);
    assert.match(update.sections['verdict'] ?? '', /RUNNING/);
    assert.equal(update.series, judgement.series);
    assert.match(renderPage(judgement, { liveUrl: '/events' }), /data-live="\/events"/);
  });

  it('shows a late recovery as overdue, not as never, during the run', async () => {
    const run = new SimulatedRun({ faults: [{ ...outage, downSeconds: 60 }] });
    const judgement = judgedUntil(run, 130);
    const { sections } = renderUpdate(judgement, true);
    const shown = ['verdict', 'numbers', 'rules', 'faults-section'].map((name) => sections[name] ?? '');
    for (const section of shown) assert.match(section, /overdue/);
    assert.doesNotMatch(shown.join(''), /never/);
  });
});
