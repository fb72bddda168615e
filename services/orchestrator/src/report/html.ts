/** HTML as a tagged template that escapes every value that is not HTML itself. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | string | number | null | readonly Html[];

export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(strings.reduce((text, part, index) => text + textOf(values[index - 1] ?? null) + part));
}

/** Marks text of this program as HTML, for example a style sheet. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** JSON that cannot close its script element. */
export function jsonScript(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function textOf(value: Value): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return joinPercent(escapeHtml(value));
  return value.map(({ text }) => text).join('');
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Keeps a number and its percent sign on one line. */
function joinPercent(text: string): string {
  return text.replaceAll(/(\d) %/g, '$1\u00a0%');
}
