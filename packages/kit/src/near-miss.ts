/**
 * Suggests the intended word for a mistyped one. Ignores case, dashes and underscores, because
 * mistakes are rarely in those alone.
 */

/**
 * Returns the known word with the smallest edit distance, if at most a third of its letters differ;
 * otherwise the first known word with this prefix.
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const [from, to] = [bare(word), bare(candidate)];
    const distance = editDistance(from, to);
    if (distance <= Math.max(from.length, to.length) / 3 && distance < bestDistance)
      [best, bestDistance] = [candidate, distance];
  }
  const prefix = bare(word);
  return best ?? (prefix.length < 3 ? undefined : known.find((candidate) => bare(candidate).startsWith(prefix)));
}

/** Returns a sentence to append, such as ` Did you mean smoke?`, or an empty string. */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : ` Did you mean ${nearest}?`;
}

/** Describes an invalid value. `expected` completes the sentence "expected ...". */
export function invalidValue(value: unknown, expected: string, choices: readonly string[] = []): string {
  const quoted = quote(value);
  const suggestion = typeof value === 'string' ? didYouMean(value, choices) : '';
  return suggestion === ''
    ? `${quoted} is not valid; expected ${expected}`
    : `${quoted} is not valid.${suggestion} Expected ${expected}`;
}

const maxQuoteLength = 60;

function quote(value: unknown): string {
  // JSON cannot represent what YAML writes as .nan or .inf.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > maxQuoteLength ? `${text.slice(0, maxQuoteLength)}…` : text;
}

function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The optimal string alignment distance: insertions, deletions, replacements and swaps. */
function editDistance(from: string, to: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replacement = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let distance = Math.min(at(last, column) + 1, at(next, column - 1) + 1, replacement);
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      next.push(distance);
    }
    [beforeLast, last] = [last, next];
  }
  return at(last, to.length);
}

function at(row: readonly number[] | undefined, column: number): number {
  return row?.[column] ?? Number.POSITIVE_INFINITY;
}
