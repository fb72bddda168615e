/**
 * Tables in two manners for narrow screens: `wide` ones scroll sideways under a fixed first column, `cards` become one card
 * per row, in which each cell carries its column's name.
 */
import { type Html, html } from './html.ts';

export interface Column {
  title: string;
  numeric?: true;
}
type Cell = Html | string;

export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: { empty?: string; manner?: 'wide' | 'cards' | 'rules' } = {},
): Html {
  if (rows.length === 0) return html`<p class="quiet">${options.empty ?? 'None.'}</p>`;
  const head = columns.map(
    ({ title, numeric }) => html`<th scope="col"${numeric ? html` class="n"` : ''}>${title}</th>`,
  );
  const body = rows.map((row) => html`<tr>${row.map((cell, index) => cellOf(cell, columns[index]))}</tr>`);
  const manner = options.manner ?? 'wide';
  return html`<div class="scroll"${manner === 'wide' ? html` tabindex="0" role="region" aria-label="${caption}"` : ''}><table class="${manner}"><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export function cellOf(cell: Cell, column: Column | undefined): Html {
  return html`<td data-label="${column?.title ?? ''}"${column?.numeric ? html` class="n"` : ''}>${cell}</td>`;
}

/** Names and values, side by side. */
export function facts(pairs: readonly (readonly [string, Cell])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
