/**
 * HTML tables with a layout for narrow screens: `wide` scrolls horizontally with a fixed first
 * column, `cards` shows each row as a card whose cells carry the column titles.
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
  options: { empty?: string; layout?: 'wide' | 'cards' | 'rules' } = {},
): Html {
  if (rows.length === 0) return html`<p class="quiet">${options.empty ?? 'None.'}</p>`;
  const head = columns.map(
    ({ title, numeric }) => html`<th scope="col"${numeric ? html` class="n"` : ''}>${title}</th>`,
  );
  const body = rows.map((row) => html`<tr>${row.map((cell, index) => cellOf(cell, columns[index]))}</tr>`);
  const layout = options.layout ?? 'wide';
  return html`<div class="scroll"${layout === 'wide' ? html` tabindex="0" role="region" aria-label="${caption}"` : ''}><table class="${layout}"><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export function cellOf(cell: Cell, column: Column | undefined): Html {
  return html`<td data-label="${column?.title ?? ''}"${column?.numeric ? html` class="n"` : ''}>${cell}</td>`;
}

/** Renders names and values side by side. */
export function facts(pairs: readonly (readonly [string, Cell])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
