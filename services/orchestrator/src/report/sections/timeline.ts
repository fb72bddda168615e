/** Placeholder of the timeline, which a script draws. */
import { type Html, html } from '../html.ts';

const charts = [
  ['rate', 'Operations per second'],
  ['success', 'Operations succeeded'],
  ['latency', 'Response time'],
  ['memory', 'Memory'],
] as const;

export function timelineSection(): Html {
  return html`<div class="headed"><h2>Timeline</h2><button type="button" id="zoom-out" hidden>Whole run</button></div>
<div id="bands" class="chips"></div>
<div id="timeline" tabindex="0" role="application" aria-label="Timeline of the run. Arrow keys move through it, plus and minus zoom, Escape shows the whole run.">
<p id="readout" aria-live="polite"></p>
${charts.map(([id, title]) => html`<figure><figcaption>${title}<span id="legend-${id}" class="legend"></span></figcaption><div id="chart-${id}" class="chart"></div></figure>`)}
</div><noscript><p>The timeline needs JavaScript; the rest of this page works without it.</p></noscript>`;
}
