/** Wraps the lines of a generated page at 120 columns, except tables and code. */

const maxColumns = 120;

export function wrapMarkdown(page: string): string {
  return page
    .split('\n')
    .map((line) => (/^(\||\s{4})/.test(line) ? line : wrapLine(line)))
    .join('\n');
}

/** Does not break inline code. The following lines of a list item are indented to its text. */
function wrapLine(line: string): string {
  const indent = line.startsWith('- ') ? '  ' : '';
  const lines: string[] = [];
  for (const word of line.match(/(?:`[^`]*`|[^ `])+/g) ?? ['']) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(word);
    else if (`${last} ${word}`.length > maxColumns) lines.push(indent + word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}
