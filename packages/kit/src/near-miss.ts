/** What a mistyped word was probably meant to be. Case, dashes and underscores do not count: nobody errs about those alone. */

/** The known word that was probably meant: the nearest, where at most a third of its letters are wrong, or else one that begins so. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const [from, to] = [bare(word), bare(candidate)];
    const distance = editDistance(from, to);
    if (distance <= Math.max(from.length, to.length) / 3 && distance < least) [best, least] = [candidate, distance];
  }
  const begin = bare(word);
  return best ?? (begin.length < 3 ? undefined : known.find((candidate) => bare(candidate).startsWith(begin)));
}

/** Goes on a sentence: ` Did you mean "smoke"?`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : ` Did you mean ${nearest}?`;
}

/** A value that is not right, and what would be. */
export function notRight(value: unknown, right: string, choices: readonly string[] = []): string {
  const quoted = quote(value);
  const suggestion = typeof value === 'string' ? didYouMean(value, choices) : '';
  return suggestion === ''
    ? `${quoted} is not right; give ${right}`
    : `${quoted} is not right.${suggestion} Give ${right}`;
}

const longestQuote = 60;

function quote(value: unknown): string {
  // JSON has no word for what YAML writes as .nan or .inf.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
}

function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Letters to insert, delete, replace, or swap with their neighbour (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let least = Math.min(at(last, column) + 1, at(next, column - 1) + 1, replaced);
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        least = Math.min(least, at(beforeLast, column - 2) + 1);
      next.push(least);
    }
    [beforeLast, last] = [last, next];
  }
  return at(last, to.length);
}

function at(row: readonly number[] | undefined, column: number): number {
  return row?.[column] ?? Number.POSITIVE_INFINITY;
}
