/**
 * Fits one least-squares slope to the memory of all lifetimes of a process, with an intercept for
 * each: a restart empties the memory, and a line through the sawtooth would hide a leak.
 */
interface Point {
  hours: number;
  bytes: number;
}

/** `slope` in bytes per hour (NaN if all points are at one time), with the sums of its variance. */
export function fitSlope(lives: readonly (readonly Point[])[]): { slope: number; spread: number; residual: number } {
  const all = lives.flatMap((points) => {
    const hours = sum(points.map((point) => point.hours)) / points.length;
    const bytes = sum(points.map((point) => point.bytes)) / points.length;
    return points.map((point) => ({ hours: point.hours - hours, bytes: point.bytes - bytes }));
  });
  const spread = sum(all.map(({ hours }) => hours ** 2));
  const slope = sum(all.map(({ hours, bytes }) => hours * bytes)) / spread;
  return { slope, spread, residual: sum(all.map(({ hours, bytes }) => (bytes - slope * hours) ** 2)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
