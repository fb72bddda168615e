/**
 * The order in which measures are played, with repeats, endings and jumps expanded. A section
 * repeats from its own sign, from the end of the previous section, or from the beginning. Inner
 * sections repeat in every pass. A jump (da capo, dal segno) is taken once. Until the measure of
 * the jump is reached again, sections are played once with their last ending, and "fine" and "to
 * coda" apply, as is usual. What follows the jump is played after the fine: it may be another
 * movement.
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

export function hasRepeatsOrJumps(measures: readonly Measure[]): boolean {
  return measures.some((measure) => measure.repeatTimes > 0 || isJump(measure));
}

function isJump({ marks }: Measure): boolean {
  return marks.includes('da capo') || marks.includes('dal segno');
}

/**
 * Yields the indices of measures in playing order. Nested repeats can produce a very large number,
 * so the caller must limit it.
 */
export function* playOrder(measures: readonly Measure[]): Generator<number> {
  const { endingAt, repeatedFrom } = sectionsOf(measures);
  const codaAfter = codasOf(measures);
  const jumpFrom = jumpsOf(measures, repeatedFrom);
  const taken = new Set<number>();
  /** The measure of the last jump, until it is reached again. */
  let jump: number | null = null;
  for (let index = 0; index < measures.length; index++) {
    const section = endingAt[index];
    if (section && !isPlayed(measures[index]?.endings ?? [], section)) continue;
    yield index;
    const repeated = repeatedFrom[index];
    if (!repeated || repeated.pass >= repeated.times) {
      const marks = measures[index]?.marks ?? [];
      const back = jumpFrom[index];
      const coda = marks.includes('to coda') ? codaAfter[index] : undefined;
      if (jump !== null && marks.includes('fine')) index = jump;
      else if (jump !== null && coda !== undefined) index = coda - 1;
      else if (back !== undefined && !taken.has(index)) {
        taken.add(index);
        jump = index;
        // Its ending may have no repeat: the jump takes its place.
        if (section) section.pass = section.lastPass;
        index = back - 1;
        continue;
      }
      if (jump !== null && index >= jump) jump = null;
      continue;
    }
    repeated.pass++;
    // Inner sections start again.
    for (let inside = repeated.start; inside < index; inside++) {
      const inner = repeatedFrom[inside];
      if (inner && inner !== repeated) inner.pass = 1;
    }
    index = repeated.start - 1;
  }
}

/** For each measure, the next coda after it. */
function codasOf(measures: readonly Measure[]): readonly (number | undefined)[] {
  const coda: (number | undefined)[] = new Array(measures.length);
  for (let index = measures.length - 2; index >= 0; index--) {
    coda[index] = measures[index + 1]?.marks.includes('coda') ? index + 1 : coda[index + 1];
  }
  return coda;
}

/**
 * For each measure, the target of the jump that is taken after it: a dal segno leads to the last
 * segno. A jump inside a repeated section is taken at its end, after the repeat; programs write it
 * some measures too early.
 */
function jumpsOf(
  measures: readonly Measure[],
  repeatedFrom: readonly (Section | undefined)[],
): readonly (number | undefined)[] {
  const targets: (number | undefined)[] = [];
  let segno: number | undefined;
  for (const [index, { marks }] of measures.entries()) {
    if (marks.includes('segno')) segno = index;
    targets[index] = marks.includes('da capo') ? 0 : marks.includes('dal segno') ? segno : undefined;
  }
  const jumps: (number | undefined)[] = new Array(measures.length);
  let end = measures.length;
  for (let index = measures.length - 1; index >= 0; index--) {
    if (repeatedFrom[index] || (measures[index]?.endings.length ?? 0) > 0) end = index;
    const isInside = (repeatedFrom[end]?.start ?? measures.length) <= index && measures[end]?.endings.length === 0;
    jumps[isInside ? end : index] ??= targets[index];
  }
  return jumps;
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
  if (!hasRepeatsOrJumps(measures)) return measures.length;
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
      const repeats = region.some(({ repeatTimes }) => repeatTimes > 0);
      // Endings without a repeat and without a jump are all played.
      if (repeats || region.some((one) => isJump(one) && one.endings.includes(1))) {
        const times = region.reduce((max, one) => Math.max(max, one.repeatTimes, one.endings.at(-1) ?? 0), 2);
        const start = repeats ? (open.pop() ?? afterLast) : afterLast;
        const section = { start, times, pass: 1, lastPass: repeats ? lastPassOf(region, times) : times };
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
