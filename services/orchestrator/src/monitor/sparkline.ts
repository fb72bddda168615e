/** Renders the latest values as bars, newest on the right. A missing value is a gap, not a zero. */

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

export function sparkline(values: readonly (number | null)[], width: number, top?: number): string {
  const shown = values.slice(-width);
  const highest = top ?? Math.max(0, ...shown.map((value) => value ?? 0));
  const line = shown.map((value) => {
    if (value === null) return ' ';
    const share = highest === 0 ? 0 : Math.min(1, Math.max(0, value / highest));
    return bars[Math.round(share * (bars.length - 1))] ?? ' ';
  });
  return line.join('').padStart(width);
}
