/**
 * A suffix array of a sequence of integers with the longest common prefixes, built by prefix
 * doubling with a counting sort: O(n log n) for any input, so that no score can make it slow.
 */

export interface SuffixArray {
  /** The start of each suffix, in lexicographic order. */
  starts: Int32Array;
  /** Length of the longest common prefix of suffixes i and i - 1; 0 for the first. */
  common: Int32Array;
}

export function suffixArray(sequence: ArrayLike<number>): SuffixArray {
  const length = sequence.length;
  let ranks = ranksOf(sequence);
  let starts = sortBy(ranks, identity(length));
  for (let width = 1; width < length; width *= 2) {
    // Sort by the second half first: suffixes without one, then the others in their current order.
    const bySecond = new Int32Array(length);
    let next = 0;
    for (let i = Math.max(0, length - width); i < length; i++) bySecond[next++] = i;
    for (const start of starts) if (start >= width) bySecond[next++] = start - width;
    starts = sortBy(ranks, bySecond);
    const refined = new Int32Array(length);
    let rank = 0;
    for (let i = 1; i < length; i++) {
      if (!samePair(ranks, starts[i - 1] ?? 0, starts[i] ?? 0, width)) rank++;
      refined[starts[i] ?? 0] = rank;
    }
    ranks = refined;
    if (rank === length - 1) break;
  }
  return { starts, common: commonPrefixes(sequence, starts, ranks) };
}

function identity(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => i);
}

/** Maps the values to 0, 1, 2, ... in ascending order. */
function ranksOf(sequence: ArrayLike<number>): Int32Array {
  const values = [...new Set(Array.from(sequence))].sort((a, b) => a - b);
  const rankOf = new Map(values.map((value, rank) => [value, rank]));
  return Int32Array.from(sequence, (value) => rankOf.get(value) ?? 0);
}

/** A stable counting sort. */
function sortBy(ranks: Int32Array, items: Int32Array): Int32Array {
  const counts = new Int32Array(items.length + 1);
  for (const rank of ranks) counts[rank + 1] = (counts[rank + 1] ?? 0) + 1;
  for (let i = 1; i < counts.length; i++) counts[i] = (counts[i] ?? 0) + (counts[i - 1] ?? 0);
  const sorted = new Int32Array(items.length);
  for (const item of items) {
    const rank = ranks[item] ?? 0;
    const place = counts[rank] ?? 0;
    sorted[place] = item;
    counts[rank] = place + 1;
  }
  return sorted;
}

function samePair(ranks: Int32Array, a: number, b: number, width: number): boolean {
  return ranks[a] === ranks[b] && (ranks[a + width] ?? -1) === (ranks[b + width] ?? -1);
}

/**
 * Kasai's algorithm: from one suffix to the next shorter one, the common prefix shrinks by at most
 * one.
 */
function commonPrefixes(sequence: ArrayLike<number>, starts: Int32Array, ranks: Int32Array): Int32Array {
  const common = new Int32Array(starts.length);
  let length = 0;
  for (let start = 0; start < starts.length; start++) {
    const place = ranks[start] ?? 0;
    if (place === 0) {
      length = 0;
      continue;
    }
    const other = starts[place - 1] ?? 0;
    while (
      start + length < sequence.length &&
      other + length < sequence.length &&
      sequence[start + length] === sequence[other + length]
    ) {
      length++;
    }
    common[place] = length;
    if (length > 0) length--;
  }
  return common;
}

/** The longest common prefix of the suffixes `from` to `to` (inclusive). */
export interface Repeat {
  length: number;
  from: number;
  to: number;
}

/**
 * Yields all repeats of at least `minLength`, which are fewer than the suffixes, in one pass with a
 * stack.
 */
export function* repeatsOf({ common }: SuffixArray, minLength: number): Generator<Repeat> {
  const open: { length: number; from: number }[] = [];
  for (let i = 1; i <= common.length; i++) {
    const length = common[i] ?? 0;
    let from = i - 1;
    for (let top = open.at(-1); top && top.length > length; top = open.at(-1)) {
      open.pop();
      yield { length: top.length, from: top.from, to: i - 1 };
      from = top.from;
    }
    if (length >= minLength && (open.at(-1)?.length ?? 0) < length) open.push({ length, from });
  }
}
