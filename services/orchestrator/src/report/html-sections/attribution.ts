/** Section with the failed attempts per fault kind, and the unexplained ones. */
import type { Report } from '@encore/contracts';
import { clockText, thousands } from '../../text.ts';
import { type Html, html } from '../html.ts';
import { numeric, table } from '../table.ts';

const maxShown = 8;

export function attributionSection({ attribution, faults }: Report): Html {
  const kindOf = new Map(faults.map(({ id, kind }) => [id, kind as string]));
  const perKind = new Map<string, { faults: number; attempts: number }>();
  for (const [id, count] of Object.entries(attribution.explained)) {
    const kind = kindOf.get(id) ?? id;
    const sum = perKind.get(kind) ?? { faults: 0, attempts: 0 };
    perKind.set(kind, { faults: sum.faults + 1, attempts: sum.attempts + count });
  }
  const rows = [...perKind]
    .sort(([, a], [, b]) => b.attempts - a.attempts)
    .map(([kind, { faults: count, attempts }]) => [
      kind,
      thousands(count),
      thousands(attempts),
      (attempts / count).toFixed(1),
    ]);
  const columns = ['Fault', numeric('Times'), numeric('Failed attempts'), numeric('Per fault')];
  return html`<h2>Attribution</h2>
<p class="quiet">A failed attempt belongs to the fault whose window it overlaps. A window lasts until the system is back to normal. These counts cover the whole run including cooldown; rates and totals cover only ramp and steady.</p>
${table('Failed attempts by fault', columns, rows, { empty: 'No attempt failed because of a fault.' })}
<h3>Unexplained failed attempts: ${thousands(attribution.unexplained)}</h3>
${samples(attribution)}`;
}

function samples({ unexplained, unexplained_samples: list }: Report['attribution']): Html {
  if (unexplained === 0) return html`<p class="quiet">Every failed attempt belongs to a fault.</p>`;
  const rows = list.map(({ at, operation, outcome, request, detail }) => [
    clockText(at),
    operation,
    html`<code>${outcome}</code>`,
    html`<code>${request}</code>`,
    html`<span class="quiet">${detail}</span>`,
  ]);
  const columns = ['At (UTC)', 'Operation', 'Outcome', 'Request', 'Context'];
  const shown = table('Unexplained failures', columns, rows.slice(0, maxShown));
  const rest = rows.slice(maxShown);
  const more = `${rest.length} more${unexplained > rows.length ? `, and ${thousands(unexplained - rows.length)} that are not listed` : ''}`;
  if (rest.length === 0) return shown;
  return html`${shown}<details><summary>${more}</summary>${table('More unexplained failures', columns, rest)}</details>`;
}
