/** Minimum, median and maximum of some measurements; NaN without any. */
export interface Spread {
  minimum: number;
  median: number;
  maximum: number;
}

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted.at(index) ?? Number.NaN;
  return { minimum: at(0), median: at(sorted.length >> 1), maximum: at(-1) };
}
