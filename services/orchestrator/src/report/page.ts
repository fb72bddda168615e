/**
 * Renders the report as one HTML file that works offline: styles, scripts and the chart library are
 * inlined, and a content security policy forbids all requests. The live page is the same page;
 * `renderUpdate` renders the updates that it receives as server-sent events.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { faultGroups, faultKinds, kindOf } from '@encore/contracts';
import type { Judgement } from '../judge/judge.ts';
import type { Series } from '../judge/observations/series.ts';
import type { Snapshot } from '../progress/run-view.ts';
import { type Html, html, jsonScript, trusted } from './html.ts';
import { attributionSection } from './html-sections/attribution.ts';
import {
  alertsSection,
  environmentSection,
  integritySection,
  notTestedSection,
  resourcesSection,
  systemSection,
} from './html-sections/evidence.ts';
import { faultsSection } from './html-sections/faults.ts';
import { numbersSection } from './html-sections/numbers.ts';
import { operationsSection } from './html-sections/operations.ts';
import { rulesSection } from './html-sections/rules.ts';
import { verdictSection } from './html-sections/verdict.ts';

const charts = [
  ['rate', 'Operations per second'],
  ['success', 'Operations succeeded'],
  ['latency', 'Response time'],
  ['memory', 'Memory'],
] as const;
const groupOf = Object.fromEntries(faultKinds.map((kind) => [kind, kindOf(kind).group]));

export interface PageOptions {
  /** URL of the updates for the live page; unset in a report. */
  liveUrl?: string;
  /** URL of Grafana for the live page; unset in a report, which outlives its lab. */
  dashboardUrl?: string | null;
  /** State of the machine and of the server process, in a running lab. */
  state?: Snapshot;
}

/** In page order. The live page shows the machine and the alerts first. */
function sectionsOf({ report, curves }: Judgement, running: boolean, state?: Snapshot): Record<string, Html> {
  const alerts = alertsSection(report, running);
  return {
    verdict: verdictSection(report, running),
    numbers: numbersSection(report, running),
    ...(state && { system: systemSection(state), alerts }),
    rules: rulesSection(report, running),
    'timeline-section': timelineSection(),
    'faults-section': faultsSection(report, running),
    operations: operationsSection(report, curves),
    attribution: attributionSection(report),
    integrity: integritySection(report),
    ...(state ? {} : { alerts }),
    resources: resourcesSection(report),
    environment: environmentSection(report),
    'not-tested': notTestedSection(report),
  };
}

/** A script draws the charts. */
function timelineSection(): Html {
  return html`<div class="headed"><h2>Timeline</h2><button type="button" id="zoom-out" hidden>Whole run</button></div>
<div id="bands" class="chips"></div>
<div id="timeline" tabindex="0" role="application" aria-label="Timeline of the run. Arrow keys move through it, plus and minus zoom, Escape shows the whole run.">
<p id="readout" aria-live="polite"></p>
${charts.map(([id, title]) => html`<figure><figcaption>${title}<span id="legend-${id}" class="legend"></span></figcaption><div id="chart-${id}" class="chart"></div></figure>`)}
</div><noscript><p>The timeline needs JavaScript; the rest of this page works without it.</p></noscript>`;
}

export function renderPage(judgement: Judgement, options: PageOptions = {}): string {
  const { report, series } = judgement;
  const live = options.liveUrl;
  const sections = Object.entries(sectionsOf(judgement, live !== undefined, options.state));
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src ${live === undefined ? "'none'" : "'self'"}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Encore: ${live === undefined ? report.result : 'running'} · ${report.run_id}</title>
<link rel="icon" href="data:,">
<style>${library('uplot/dist/uPlot.min.css')}${asset('page.css')}</style>
</head>
<body${live === undefined ? '' : html` data-live="${live}"`}>
<a class="skip" href="#rules">Skip to the rules</a>
<header><b>Encore</b> <span class="quiet">${report.run_id} · ${report.started_at.slice(0, 16).replace('T', ' ')} UTC · seed ${String(report.seed)}</span>${options.dashboardUrl ? html` <a href="${options.dashboardUrl}">Dashboard of this run</a>` : ''}</header>
<main>
${sections.map(([id, section]) => html`<section id="${id}">${section}</section>`)}
</main>
<footer class="quiet">This file is self-contained and makes no network requests. <code>encore verify</code> recomputes the verdict from the files next to it.</footer>
<script type="application/json" id="series">${jsonScript(series)}</script>
<script type="application/json" id="fault-groups">${jsonScript({ titles: faultGroups, groupOf })}</script>
<script>${library('uplot/dist/uPlot.iife.min.js')}</script>
<script>(() => {
${scripts.map(asset)}})();</script>
</body>
</html>
`.text;
}

/** An update of the live page. The timeline redraws itself from the series. */
export function renderUpdate(
  judgement: Judgement,
  running: boolean,
  state?: Snapshot,
): { sections: Record<string, string>; series: Series } {
  const sections = Object.entries(sectionsOf(judgement, running, state)).filter(([id]) => id !== 'timeline-section');
  return { sections: Object.fromEntries(sections.map(([id, { text }]) => [id, text])), series: judgement.series };
}

/** In dependency order; concatenated into one script. */
const scripts = ['figures.js', 'charts.js', 'timeline.js', 'fault-table.js', 'live.js'] as const;

function asset(name: (typeof scripts)[number] | 'page.css'): Html {
  return trusted(readFileSync(join(import.meta.dirname, 'assets', 'page', name), 'utf8'));
}

function library(path: 'uplot/dist/uPlot.min.css' | 'uplot/dist/uPlot.iife.min.js'): Html {
  return trusted(readFileSync(createRequire(import.meta.url).resolve(path), 'utf8'));
}
