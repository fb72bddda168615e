/**
 * The report as one HTML file that opens offline: styles, script and chart library are inlined, a content security policy
 * forbids every request. The live page is the same page: `renderUpdate` makes what it is sent over server-sent events.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Judgement } from '../judge/judge.ts';
import type { Series } from '../judge/series.ts';
import type { Snapshot } from '../progress/run-view.ts';
import { groupOf, groupTitles } from './fault-groups.ts';
import { type Html, html, jsonScript, trusted } from './html.ts';
import { attributionSection } from './sections/attribution.ts';
import {
  alertsSection,
  environmentSection,
  integritySection,
  notTestedSection,
  resourcesSection,
} from './sections/evidence.ts';
import { faultsSection } from './sections/faults.ts';
import { numbersSection } from './sections/numbers.ts';
import { operationsSection } from './sections/operations.ts';
import { rulesSection } from './sections/rules.ts';
import { systemSection } from './sections/system.ts';
import { timelineSection } from './sections/timeline.ts';
import { verdictSection } from './sections/verdict.ts';

export interface PageOptions {
  /** Where the live page listens for updates; a report listens to nobody. */
  liveUrl?: string;
  /** Where the live page links to Grafana; a report outlives its lab. */
  dashboardUrl?: string | null;
  /** What only a running lab can show: the machine, and the server's process. */
  state?: Snapshot;
}

/** In the order of the page. Who watches a run wants to see the machine and the alerts first. */
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
<style>${asset('uplot.css')}${asset('page.css')}</style>
</head>
<body${live === undefined ? '' : html` data-live="${live}"`}>
<a class="skip" href="#rules">Skip to the rules</a>
<header><b>Encore</b> <span class="quiet">${report.run_id} · ${report.started_at.slice(0, 16).replace('T', ' ')} UTC · seed ${String(report.seed)}</span>${options.dashboardUrl ? html` <a href="${options.dashboardUrl}">Dashboard of this run</a>` : ''}</header>
<main>
${sections.map(([id, section]) => html`<section id="${id}">${section}</section>`)}
</main>
<footer class="quiet">This file holds everything it shows and asks nobody for anything. <code>encore verify</code> recomputes the verdict from the files beside it.</footer>
<script type="application/json" id="series">${jsonScript(series)}</script>
<script type="application/json" id="fault-groups">${jsonScript({ titles: groupTitles, groupOf })}</script>
<script>${asset('uplot.js')}</script>
<script>(() => {
${scripts.map(asset)}})();</script>
</body>
</html>
`.text;
}

/** What a live page needs to show a later state. The timeline keeps its place; its data are the series. */
export function renderUpdate(
  judgement: Judgement,
  running: boolean,
  state?: Snapshot,
): { sections: Record<string, string>; series: Series } {
  const sections = Object.entries(sectionsOf(judgement, running, state)).filter(([id]) => id !== 'timeline-section');
  return { sections: Object.fromEntries(sections.map(([id, { text }]) => [id, text])), series: judgement.series };
}

/** In the order in which they need each other; together they are one script. */
const scripts = ['figures.js', 'charts.js', 'timeline.js', 'fault-table.js', 'live.js'] as const;
const libraries = { 'uplot.css': 'uplot/dist/uPlot.min.css', 'uplot.js': 'uplot/dist/uPlot.iife.min.js' } as const;
const assets = new Map<string, Html>();

function asset(name: (typeof scripts)[number] | 'page.css' | keyof typeof libraries): Html {
  const known = assets.get(name);
  if (known !== undefined) return known;
  const path =
    name === 'uplot.css' || name === 'uplot.js'
      ? createRequire(import.meta.url).resolve(libraries[name])
      : join(import.meta.dirname, 'assets', 'page', name);
  const made = trusted(readFileSync(path, 'utf8'));
  assets.set(name, made);
  return made;
}
