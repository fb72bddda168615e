/** Sections: system (live page only), integrity and leaks, resources, alerts, run, not tested. */
import type { Report } from '@encore/contracts';
import type { Snapshot } from '../../progress/run-view.ts';
import { systemFacts } from '../../progress/system-facts.ts';
import { bytesText, clockText, durationText, percentText, thousands } from '../../text.ts';
import { type Html, html } from '../html.ts';
import { availabilityText, restartsText, sampledText } from '../phrases.ts';
import { facts, numeric, table } from '../table.ts';

const count = (value: number | null): string => (value === null ? 'not verified' : thousands(value));

/** The machine, the server process and its active requests. */
export function systemSection(state: Snapshot): Html {
  const { active, queued } = state.detail?.requests ?? { active: null, queued: null };
  return html`<h2>System metrics</h2>
${facts([
  ...systemFacts(state),
  ['Active requests', active === null ? '–' : `${thousands(active)}, ${thousands(queued ?? 0)} waiting`],
  ['Requests', `${thousands(state.requests.all)}, ${thousands(state.requests.failed)} failed`],
])}`;
}

export function integritySection(report: Report): Html {
  const { integrity, hygiene, manual_interventions: interventions } = report;
  const rows = interventions.map(({ at, target, action, detail }) => [clockText(at), target, action, detail ?? '–']);
  return html`<h2>Integrity</h2>
<p class="quiet">The ledger lists the writes that were acknowledged. After cooldown and a restart of the container whose recovery is judged, every object was read back and its content compared. Samples were also read back in fault-free windows; the counts include their findings.</p>
${facts([
  ['Acknowledged, not deleted', count(integrity.acknowledged)],
  ['Read back', count(integrity.read_back)],
  ['Sampled during steady', sampledText(report) ?? 'none'],
  ['Lost', count(integrity.lost)],
  ['Corrupt', count(integrity.corrupt)],
  ['Duplicate', count(integrity.duplicate)],
  ['Phantom', count(integrity.phantom)],
  ['Unanswered, present', count(integrity.unknown_present)],
  ['Unanswered, absent', count(integrity.unknown_absent)],
])}
<h3>Left behind</h3>
${facts([
  ['Toxics', count(hygiene.leaked_toxics)],
  ['Pauses', count(hygiene.leaked_pauses)],
  ['Limits not restored', count(hygiene.limits_not_restored)],
  ['External containers touched', count(hygiene.external_containers_touched)],
])}
<h3>Manual interventions</h3>
${table('Manual interventions', ['At (UTC)', 'Target', 'What', 'Cause'], rows, { empty: 'None: only Encore acted on the targets.' })}`;
}

export function resourcesSection({ resources, generator }: Report): Html {
  const rows = Object.entries(resources).map(([name, one]) => [
    html`<b>${name}</b>`,
    bytesText(one.memory_peak_bytes),
    bytesText(one.memory_limit_bytes),
    slopeText(one.memory_slope_bytes_per_hour),
    slopeText(one.memory_second_half_slope_bytes_per_hour),
    one.memory_bound ?? '–',
    one.cpu_seconds === null ? '–' : durationText(one.cpu_seconds),
    restartsText(one),
  ]);
  const columns = [
    'Container',
    numeric('Memory peak'),
    numeric('Limit'),
    numeric('Slope'),
    numeric('Second half'),
    'Bounded by',
    numeric('CPU time'),
    'Started by',
  ];
  const within = generator.within_limits;
  return html`<h2>Resources</h2>
<p class="quiet">The memory slope is measured between restarts and outside faults. A leak grows in the second half as it did in the first; a cache fills up.</p>
${table('Containers', columns, rows, { empty: 'No container was sampled.' })}
<h3>Load generator ${within === null ? 'without a health report' : within ? 'within its limits' : 'outside its limits'}</h3>
${facts([
  ['Late starts', percentText(generator.late_start_rate, 3)],
  [
    'Event-loop delay p99',
    generator.event_loop_delay_p99_ms === null ? '–' : `${generator.event_loop_delay_p99_ms} ms`,
  ],
  ['CPU of one core', percentText(generator.cpu_share, 0)],
])}`;
}

const shownWhileRunning = 20;

/** Alerts with time, level and text. During the run only the latest, newest first. */
export function alertsSection({ alerts }: Report, running: boolean): Html {
  const rows = alerts.map(({ at, level, message }) => [
    clockText(at),
    html`<span class="level ${level.toLowerCase()}">${level}</span>`,
    message,
  ]);
  if (running) rows.splice(0, rows.length - shownWhileRunning);
  if (running) rows.reverse();
  const columns = ['At (UTC)', 'Level', 'What'];
  const list = table('Alerts', columns, rows, { empty: 'None.' });
  if (running) return html`<h2>Recent alerts</h2>${list}`;
  return html`<h2>Alerts</h2><details><summary>${thousands(alerts.length)} raised</summary>${list}</details>`;
}

export function environmentSection(report: Report): Html {
  const { environment, availability } = report;
  const known = Object.entries(environment).filter(([, value]) => typeof value !== 'object');
  return html`<h2>Run</h2>
${facts([
  ['Run', report.run_id],
  ['Started', `${report.started_at.slice(0, 19).replace('T', ' ')} UTC`],
  ['Duration', durationText(report.duration_seconds)],
  ['Load observed', durationText(report.observed_seconds)],
  ['Seed', String(report.seed)],
  ['Plan', report.plan_hash.slice(0, 16)],
  ['Availability', availabilityText(report)],
  ['Without shed requests', percentText(availability.without_sheds)],
  [
    'Longest outage',
    availability.longest_outage_seconds === null ? '–' : durationText(availability.longest_outage_seconds),
  ],
  ...Object.entries(report.proxy_clients ?? {}).map(([proxy, clients]): [string, string] => [
    `Clients of ${proxy}`,
    clients.join(', ') || 'none',
  ]),
  ...known.map(([name, value]) => environmentFact(name, value)),
])}
<h3>Gaps</h3>
${table(
  'Gaps',
  ['From', 'To', 'Why'],
  report.gaps.map(({ from, to, reason }) => [clockText(from), clockText(to), reason]),
  { empty: 'None: the whole run was observed.' },
)}
<details><summary>Configuration and environment in full</summary><pre tabindex="0">${JSON.stringify({ config: report.config, environment }, null, 2)}</pre></details>`;
}

/** Converts names and units for people: `memoryBytes` becomes `Memory` in MB or GB. */
function environmentFact(name: string, value: unknown): [string, string] {
  const label = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  if (typeof value === 'number' && label.endsWith(' bytes')) return [title(label.slice(0, -6)), bytesText(value)];
  if (typeof value === 'number' && label.endsWith(' ms')) return [title(label.slice(0, -3)), `${value.toFixed(1)} ms`];
  return [title(label), String(value)];
}

export function notTestedSection({ not_tested: list }: Report): Html {
  return html`<h2>Not tested</h2><ul>${list.map((text) => html`<li>${text}</li>`)}</ul>`;
}

const slopeText = (bytesPerHour: number | null): string =>
  bytesPerHour === null ? '–' : `${bytesText(bytesPerHour)}/h`;
