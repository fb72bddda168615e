/**
 * The order in which measures are played: repeats and endings played out. A section is repeated
 * from its own sign, or from the end of the one before, or from the beginning; sections inside are
 * repeated again each time. Da capo and dal segno are not in the score model.
 */
import type { Measure } from './score.ts';

interface Section {
  /** The first measure. */
  start: number;
  /** How often it is played: as its signs say, and as often as its endings need. */
  times: number;
  /** The pass that is being played, from 1. */
  pass: number;
  /** The last pass that its endings lead to. */
  lastPass: number;
}

export function hasRepeats(measures: readonly Measure[]): boolean {
  return measures.some(({ repeatTimes }) => repeatTimes > 0);
}

/**
 * Indices of measures, in the order of playing. Repeats within repeats can make them very many:
 * count them.
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
    // The sections inside begin again.
    for (let inside = repeated.start; inside < index; inside++) {
      const inner = repeatedFrom[inside];
      if (inner && inner !== repeated) inner.pass = 1;
    }
    index = repeated.start - 1;
  }
}

/**
 * Endings that no pass leads to, for a repeat sign is missing, are played with the last pass: no
 * music is lost.
 */
function isPlayed(endings: readonly number[], { pass, lastPass }: Section): boolean {
  return endings.includes(pass) || (pass === lastPass && endings.every((ending) => ending > lastPass));
}

/** Null beyond `max`. */
export function countPlayed(measures: readonly Measure[], max: number): number | null {
  if (!hasRepeats(measures)) return measures.length;
  let count = 0;
  for (const _ of playOrder(measures)) if (++count > max) return null;
  return count;
}

/**
 * For each measure the section that it is an ending of, and the section that it sends back to the
 * start of.
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
      // Endings without a repeat belong to a jump that is not in the model: each is played.
      if (region.some(({ repeatTimes }) => repeatTimes > 0)) {
        const times = region.reduce((most, one) => Math.max(most, one.repeatTimes, one.endings.at(-1) ?? 0), 2);
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

/** The endings of one section stand next to each other. */
function endOfEndings(measures: readonly Measure[], from: number): number {
  let end = from + 1;
  while ((measures[end]?.endings.length ?? 0) > 0 && measures[end]?.repeatStart === false) end++;
  return end;
}

/** Each pass but the last needs an ending with a repeat. */
function lastPassOf(region: readonly Measure[], times: number): number {
  const repeated = new Set(region.flatMap(({ endings, repeatTimes }) => (repeatTimes > 0 ? endings : [])));
  let pass = 1;
  while (pass < times && repeated.has(pass)) pass++;
  return pass;
}
