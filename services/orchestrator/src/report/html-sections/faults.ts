/** Section with all faults; their stages share one scale, so that the bars are comparable. */
import type { Report, ReportedFault } from '@encore/contracts';
import { clockText, secondsText, thousands } from '../../text.ts';
import { type Html, html, trusted } from '../html.ts';
import { droppedText, isLate, monitoringText, plannedFaultsText, returnText, servicesText } from '../phrases.ts';
import { type Column, cellOf, headOf, numeric } from '../table.ts';

const stageNames = ['detected', 'restarted', 'port', 'ready', 'first_success', 'back_to_normal'] as const;
const stageTitles: Record<(typeof stageNames)[number], string> = {
  detected: 'until detected',
  restarted: 'until restarted',
  port: 'until the port is open',
  ready: 'until ready',
  first_success: 'until the first correct response',
  back_to_normal: 'until back to normal',
};
const columns: readonly Column[] = [
  'Fault',
  'At (UTC)',
  'Effect',
  'Recovered by',
  numeric('Recovery'),
  numeric('Back to normal'),
  'Stages since injection',
  numeric('Failed attempts'),
  'Alert',
];
const barWidth = 220;

export function faultsSection(report: Report, running: boolean): Html {
  const { faults } = report;
  // During the run, a fault that is not due yet was not missed.
  const isToCome = ({ injected_at: at, planned_at: due }: ReportedFault): boolean =>
    running && at === null && Date.parse(due) > Date.parse(report.started_at) + report.duration_seconds * 1_000;
  if (faults.length === 0) return html`<h2>Faults</h2><p class="quiet">No fault was planned.</p>`;
  // During the run, it is not known yet which faults will be skipped.
  const dropped = report.planned_faults.dropped;
  const planned = running
    ? dropped.length === 0
      ? ''
      : `${droppedText(dropped)}.`
    : `Planned faults: ${plannedFaultsText(report)}.`;
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  const scaleSeconds = Math.max(1, ...faults.map(longest));
  return html`<div class="headed"><h2>Faults</h2><div class="tools">
<label>Show <select id="fault-kind"><option value="">all ${String(faults.length)}</option>${kinds.map((kind) => html`<option>${kind}</option>`)}</select></label>
<label>by <select id="fault-order"><option value="time">time</option><option value="recovery">slowest recovery</option><option value="failed">most failed attempts</option></select></label>
</div></div>
${planned === '' ? '' : html`<p>${planned}</p>`}
<div class="chips">${stageNames.map((name) => html`<span class="chip"><i class="swatch s-${name}"></i>${stageTitles[name]}</span>`)}<span class="chip"><i class="swatch s-active"></i>fault active</span></div>
<p class="quiet">Bars share one scale: the full width is ${scaleSeconds.toFixed(1)} s. The recovery time of a kill starts at the engine's timestamp of the kill, that of any other fault at its verified revert; both end with the first correct response to a user, where the time back to normal starts. Alert: the first Prometheus alert that fired because of the fault, in seconds since its injection.</p>
<div class="scroll"><table class="cards faults" id="faults"><caption>Faults</caption><thead>${headOf(columns)}</thead><tbody>${faults.map((fault) => row(fault, report, { scaleSeconds, running, isToCome: isToCome(fault) }))}</tbody></table></div><button type="button" id="more-faults" hidden>Show all</button>`;
}

function row(
  fault: ReportedFault,
  { recoveries }: Report,
  { scaleSeconds, running, isToCome }: { scaleSeconds: number; running: boolean; isToCome: boolean },
): Html {
  const { id, kind, target, injected_at: at, effect, recovery_seconds: seconds } = fault;
  const recovery =
    fault.recovered_by === 'none' && seconds === null
      ? html`<b class="bad">${running ? 'overdue' : 'never'}</b>`
      : isLate(fault, recoveries)
        ? html`<b class="bad">${secondsText(seconds)}</b> too late`
        : html`${secondsText(seconds)}`;
  const services = servicesText(fault);
  const none = html`<span class="quiet">–</span>`;
  const cells = [
    at === null
      ? html`${kind} <span class="quiet">${target} ${id}</span>`
      : html`<button type="button" class="link" data-jump="${id}" title="Show in the timeline">${kind}</button> <span class="quiet">${target} ${id}</span>`,
    at === null
      ? html`<span class="quiet">${isToCome ? clockText(fault.planned_at).slice(0, 10) : '–'}</span>`
      : html`${clockText(at).slice(0, 10)}`,
    isToCome ? none : html`<span class="effect ${effect}" title="${fault.evidence}">${effect}</span>`,
    html`${fault.recovered_by ?? '–'}${fault.revert_cause === 'external' ? html` <b class="bad">ended externally</b>` : ''}`,
    html`${recovery}${services === '' ? '' : html`<span class="quiet services">${services}</span>`}`,
    normalCell(fault, running),
    isToCome ? html`<span class="quiet">not due yet</span>` : bar(fault, scaleSeconds),
    html`${thousands(fault.attempts_failed)}`,
    html`<span${fault.monitoring?.state === 'seen' ? '' : html` class="quiet"`}>${monitoringText(fault)}</span>`,
  ];
  const order = seconds ?? (fault.recovered_by === 'none' ? 1e9 : -1);
  return html`<tr data-kind="${kind}" data-recovery="${order}" data-failed="${fault.attempts_failed}">${cells.map((cell, index) => cellOf(cell, columns[index]))}</tr>`;
}

function normalCell(fault: ReportedFault, running: boolean): Html {
  const returned = fault.back_to_normal;
  if (returned?.state === 'never') return html`<b class="bad">never</b>`;
  if (returned?.state === 'normal') return html`${returnText(fault)}`;
  const text = running && returned?.reason === 'the run ended' ? 'not yet' : returnText(fault);
  return html`<span class="quiet">${text}</span>`;
}

/** Longest time except the return to normal, whose bar is clipped: it can take a minute. */
function longest({ stages, duration_seconds: planned, injected_at: at }: ReportedFault): number {
  const seen = stageNames.filter((name) => name !== 'back_to_normal').map((name) => stages[name] ?? 0);
  return at === null ? 0 : Math.max(planned, ...seen) * 1.25;
}

/**
 * Draws a kill as segments in the order of its stages. A fault with a duration shows the time it
 * was active, a tick at its detection, and the stages after its end. If it also killed its target,
 * the active time is a thin line below.
 */
function bar(fault: ReportedFault, scaleSeconds: number): Html {
  const { stages, duration_seconds: planned, injected_at: at, reverted_at: reverted } = fault;
  if (at === null) return html`<span class="quiet">${fault.evidence}</span>`;
  const x = (seconds: number): number => Number((Math.min(1, seconds / scaleSeconds) * barWidth).toFixed(1));
  const activeSeconds = reverted === null || planned === 0 ? planned : (Date.parse(reverted) - Date.parse(at)) / 1_000;
  const died = stages.restarted !== null || planned === 0;
  const reached = stageNames
    .flatMap((name) => {
      const seconds = stages[name];
      return seconds === null ? [] : [{ name, seconds }];
    })
    .sort((a, b) => a.seconds - b.seconds);
  const shapes: string[] = [];
  const rect = (name: string, from: number, width: number, y = 2, height = 10): void => {
    shapes.push(
      `<rect class="s-${name}" x="${from}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${height}"/>`,
    );
  };
  if (planned > 0) rect('active', 0, x(activeSeconds), died ? 13 : 2, died ? 2 : 10);
  let from = died ? 0 : x(activeSeconds);
  for (const { name, seconds } of reached) {
    if (!died && seconds < activeSeconds) {
      if (name === 'detected') rect(name, x(seconds), 1.5);
      continue;
    }
    rect(name, from, x(seconds) - from);
    from = Math.max(from, x(seconds));
  }
  const label =
    reached.map(({ name, seconds }) => `${stageTitles[name]} ${secondsText(seconds)}`).join(', ') ||
    'no stage observed';
  return html`<svg class="bar" viewBox="0 0 ${barWidth} 16" preserveAspectRatio="none" role="img" aria-label="${label}"><title>${label}</title>${trusted(shapes.join(''))}</svg>`;
}
