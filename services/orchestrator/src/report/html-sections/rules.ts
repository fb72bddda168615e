/** Section with every rule of the verdict and the measured value. */
import type { Report } from '@encore/contracts';
import { figureText } from '../../judge/rules/metric-table.ts';
import { type Html, html } from '../html.ts';
import { numeric, table } from '../table.ts';

export function rulesSection({ thresholds, recoveries }: Report, running: boolean): Html {
  const rows = thresholds.map(({ name, expression, value, ok, note }) => {
    const never =
      value === null &&
      ((name === 'recovery_seconds' && recoveries.failed > 0) ||
        (name === 'back_to_normal_seconds' && recoveries.back_to_normal.never > 0));
    return [
      mark(ok),
      html`<code>${name}</code>`,
      html`<code>${expression}</code>`,
      never ? (running ? 'overdue' : 'never') : figureText(name, value),
      html`<span class="quiet">${note ?? ''}</span>`,
    ];
  });
  const columns = ['', 'Rule', 'Threshold', numeric('Measured'), 'Note'];
  return html`<h2>Rules</h2>${table('Rules of the verdict', columns, rows, { layout: 'rules' })}`;
}

function mark(ok: boolean | null): Html {
  if (ok === null) return html`<span class="mark unknown">? <span class="sr">not enough data</span></span>`;
  return ok
    ? html`<span class="mark ok">✓ <span class="sr">met</span></span>`
    : html`<span class="mark bad">✕ <span class="sr">broken</span></span>`;
}
