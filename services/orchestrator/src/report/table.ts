/**
 * HTML tables with a layout for narrow screens: `wide` scrolls horizontally with a fixed first
 * column, `cards` shows each row as a card whose cells carry the column titles.
 */
import { type Html, html } from './html.ts';

/** A title; `numeric` aligns a column of numbers to the right. */
export type Column = string | { numeric: string };
export const numeric = (title: string): Column => ({ numeric: title });

type Cell = Html | string;

export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: { empty?: string; layout?: 'wide' | 'cards' | 'rules' } = {},
): Html {
  if (rows.length === 0) return html`<p class="quiet">${options.empty ?? 'None.'}</p>`;
  const body = rows.map((row) => html`<tr>${row.map((cell, index) => cellOf(cell, columns[index]))}</tr>`);
  const layout = options.layout ?? 'wide';
  return html`<div class="scroll"${layout === 'wide' ? html` tabindex="0" role="region" aria-label="${caption}"` : ''}><table class="${layout}"><caption>${caption}</caption><thead>${headOf(columns)}</thead><tbody>${body}</tbody></table></div>`;
}

export function headOf(columns: readonly Column[]): Html {
  return html`<tr>${columns.map((column) => html`<th scope="col"${alignment(column)}>${titleOf(column)}</th>`)}</tr>`;
}

export function cellOf(cell: Cell, column: Column = ''): Html {
  return html`<td data-label="${titleOf(column)}"${alignment(column)}>${cell}</td>`;
}

const titleOf = (column: Column): string => (typeof column === 'string' ? column : column.numeric);
const alignment = (column: Column): Html | '' => (typeof column === 'string' ? '' : html` class="n"`);

/** Renders names and values side by side. */
export function facts(pairs: readonly (readonly [string, Cell])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
