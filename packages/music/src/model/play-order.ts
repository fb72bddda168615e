/**
 * The order in which measures are played, with repeats and endings expanded. A section repeats from
 * its own sign, from the end of the previous section, or from the beginning. Inner sections repeat
 * in every pass. The score model has no da capo and no dal segno.
 */
import type { Measure } from './score.ts';

interface Section {
  /** The first measure. */
  start: number;
  /** How often it is played: the maximum of its repeat signs and its ending numbers. */
  times: number;
  /** The current pass, from 1. */
  pass: number;
  /** The last pass that its endings reach. */
  lastPass: number;
}

export function hasRepeats(measures: readonly Measure[]): boolean {
  return measures.some(({ repeatTimes }) => repeatTimes > 0);
}

/**
 * Yields the indices of measures in playing order. Nested repeats can produce a very large number,
 * so the caller must limit it.
 */
export function* playOrder(measures: readonly Measure[]): Generator<number> {
  const { endingAt, repeatedFrom } = sectionsOf(measures);
  for (let index = 0; index < measures.length; index++) {
    const section = endingAt[index];
    if (section && !isPlayed(measures[index]?.endings ?? [], section)) continue;
    yield index;
    const repeated = repeatedFrom[index];
    if (!repeated || repeated.pass >= repeated.times) continue;
    repeated.pass++;
    // Inner sections start again.
    for (let inside = repeated.start; inside < index; inside++) {
      const inner = repeatedFrom[inside];
      if (inner && inner !== repeated) inner.pass = 1;
    }
    index = repeated.start - 1;
  }
}

/**
 * Endings that no pass reaches, because a repeat sign is missing, are played in the last pass, so
 * that no music is lost.
 */
function isPlayed(endings: readonly number[], { pass, lastPass }: Section): boolean {
  return endings.includes(pass) || (pass === lastPass && endings.every((ending) => ending > lastPass));
}

/** Returns null above `max`. */
export function countPlayed(measures: readonly Measure[], max: number): number | null {
  if (!hasRepeats(measures)) return measures.length;
  let count = 0;
  for (const _ of playOrder(measures)) if (++count > max) return null;
  return count;
}

/**
 * For each measure, the section that it is an ending of, and the section that repeats after it.
 */
function sectionsOf(measures: readonly Measure[]) {
  const endingAt: (Section | undefined)[] = new Array(measures.length);
  const repeatedFrom: (Section | undefined)[] = new Array(measures.length);
  const open: number[] = [];
  let afterLast = 0;
  for (let index = 0; index < measures.length; index++) {
    const measure = measures[index];
    if (!measure) continue;
    if (measure.repeatStart) open.push(index);
    if (measure.endings.length > 0) {
      const end = endOfEndings(measures, index);
      const region = measures.slice(index, end);
      // Endings without a repeat belong to a jump that the model does not have, so all are played.
      if (region.some(({ repeatTimes }) => repeatTimes > 0)) {
        const times = region.reduce((max, one) => Math.max(max, one.repeatTimes, one.endings.at(-1) ?? 0), 2);
        const section = { start: open.pop() ?? afterLast, times, pass: 1, lastPass: lastPassOf(region, times) };
        for (let ending = index; ending < end; ending++) {
          endingAt[ending] = section;
          if ((measures[ending]?.repeatTimes ?? 0) > 0) repeatedFrom[ending] = section;
        }
        afterLast = end;
      }
      index = end - 1;
    } else if (measure.repeatTimes > 0) {
      const times = measure.repeatTimes;
      repeatedFrom[index] = { start: open.pop() ?? afterLast, times, pass: 1, lastPass: times };
      afterLast = index + 1;
    }
  }
  return { endingAt, repeatedFrom };
}

/** The endings of one section are adjacent. */
function endOfEndings(measures: readonly Measure[], from: number): number {
  let end = from + 1;
  while ((measures[end]?.endings.length ?? 0) > 0 && measures[end]?.repeatStart === false) end++;
  return end;
}

/** Every pass except the last needs an ending with a repeat. */
function lastPassOf(region: readonly Measure[], times: number): number {
  const repeated = new Set(region.flatMap(({ endings, repeatTimes }) => (repeatTimes > 0 ? endings : [])));
  let pass = 1;
  while (pass < times && repeated.has(pass)) pass++;
  return pass;
}
