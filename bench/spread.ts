/** The middle of some measurements and how far they lie apart; not a number where there are none. */
export interface Spread {
  least: number;
  median: number;
  most: number;
}

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted.at(index) ?? Number.NaN;
  return { least: at(0), median: at(sorted.length >> 1), most: at(-1) };
}
