/**
 * The slope of a series of samples with its 95 % interval. Samples of a heap are autocorrelated.
 * The plain least-squares interval assumes independent samples and is then far too narrow: it finds
 * a leak in a slow oscillation. So neighbours are averaged first, and the line is fitted to the few
 * means, which are nearly independent.
 */

export interface Slope {
  /** Change of the value per unit of time. */
  slope: number;
  low: number;
  high: number;
}

export type Sample = readonly [time: number, value: number];

const batches = 6;
/** Student's t for 95 % with the number of batches minus two degrees of freedom. */
const t = 2.776;

export function slopeOf(samples: readonly Sample[]): Slope {
  if (samples.length < batches * 2) throw new RangeError(`got ${samples.length} samples, need at least ${batches * 2}`);
  const means = Array.from({ length: batches }, (_, i) => {
    const border = (batch: number): number => Math.floor((batch * samples.length) / batches);
    return meanOf(samples.slice(border(i), border(i + 1)));
  });
  const [middle, level] = meanOf(means);
  const spread = sum(means.map(([time]) => (time - middle) ** 2));
  const slope = sum(means.map(([time, value]) => (time - middle) * (value - level))) / spread;
  const residual = sum(means.map(([time, value]) => (value - level - slope * (time - middle)) ** 2));
  const half = t * Math.sqrt(residual / (batches - 2) / spread);
  return { slope, low: slope - half, high: slope + half };
}

function meanOf(samples: readonly Sample[]): Sample {
  return [sum(samples.map(([time]) => time)) / samples.length, sum(samples.map(([, value]) => value)) / samples.length];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
