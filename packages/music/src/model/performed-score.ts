/**
 * Expands the repeats, endings and jumps of a score. MIDI, which has none, is written from the
 * result; the analyses use the written score.
 */
import { type NoteColumns, reorderNoteColumns } from './note-columns.ts';
import { hasRepeatsOrJumps, playOrder } from './play-order.ts';
import type { Measure, Part, Score } from './score.ts';
import { defaultScoreLimits, tooLarge } from './score-limits.ts';

/** One performance of a measure. */
interface Played {
  /** Index of the written measure. */
  written: number;
  /** Played ticks minus written ticks. */
  shift: number;
  /** True if the previously played measure is not the previous written one. */
  jump: boolean;
}

export function performedScore(score: Score): Score {
  const { maxMeasures, maxNotes } = defaultScoreLimits;
  if (!hasRepeatsOrJumps(score.measures)) return score;
  const measures: Measure[] = [];
  const played: Played[] = [];
  let start = 0;
  for (const written of playOrder(score.measures)) {
    if (played.length >= maxMeasures) throw tooLarge('the number of measures with expanded repeats', maxMeasures);
    const measure = score.measures[written];
    if (!measure) continue;
    const last = played.at(-1);
    measures.push({ ...measure, start, repeatStart: false, repeatTimes: 0, endings: [], marks: [] });
    played.push({ written, shift: start - measure.start, jump: last !== undefined && written !== last.written + 1 });
    start += measure.length;
  }
  const rows: number[] = [];
  const places: number[] = [];
  const parts = score.parts.map((part): Part => {
    const from = rows.length;
    const firstRows = rowsByMeasure(score, part);
    for (const [place, { written }] of played.entries()) {
      for (let row = firstRows[written] ?? part.to; row < (firstRows[written + 1] ?? part.to); row++) {
        if (rows.length >= maxNotes) throw tooLarge('the number of notes with expanded repeats', maxNotes);
        rows.push(row);
        places.push(place);
      }
    }
    const follow = <T extends { tick: number; staff: number }>(changes: T[]) => performed(changes, score, played);
    const [keys, times] = [follow(part.keys), follow(part.times)];
    const [clefs, transposes] = [follow(part.clefs), follow(part.transposes)];
    return { ...part, from, to: rows.length, keys, times, clefs, transposes };
  });
  const tempos = performed(
    score.tempos.map((tempo) => ({ ...tempo, staff: 0 })),
    score,
    played,
  ).map(({ tick, quartersPerMinute }) => ({ tick, quartersPerMinute }));
  return { ...score, measures, parts, tempos, notes: performedNotes(score.notes, rows, places, played) };
}

/** The first row of each measure of a part, followed by the end of the part. */
function rowsByMeasure({ notes, measures }: Score, part: Part): Uint32Array {
  const first = new Uint32Array(measures.length + 1);
  let row = part.from;
  for (let measure = 0; measure <= measures.length; measure++) {
    while (row < part.to && (notes.measure[row] ?? 0) < measure) row++;
    first[measure] = row;
  }
  return first;
}

function performedNotes(
  notes: NoteColumns,
  rows: readonly number[],
  places: readonly number[],
  played: readonly Played[],
): NoteColumns {
  const performed = reorderNoteColumns(notes, Uint32Array.from(rows));
  for (const [row, place] of places.entries()) {
    performed.measure[row] = place;
    performed.onset[row] = (performed.onset[row] ?? 0) + (played[place]?.shift ?? 0);
  }
  return performed;
}

/**
 * Repeats the changes where they are played. After a jump, the changes in force at its target apply
 * again.
 */
function performed<T extends { tick: number; staff: number }>(
  changes: readonly T[],
  { measures }: Score,
  played: readonly Played[],
): T[] {
  const targets = new Set(played.filter(({ jump }) => jump).map(({ written }) => written));
  const atTarget = new Map<number, T[]>();
  const inForce = new Map<number, T>();
  const first = new Uint32Array(measures.length + 1);
  let next = 0;
  for (const [index, { start }] of measures.entries()) {
    for (let change = changes[next]; change && change.tick < start; change = changes[++next]) {
      if (change.staff === 0) inForce.clear();
      inForce.set(change.staff, change);
    }
    first[index] = next;
    if (targets.has(index)) atTarget.set(index, [...inForce.values()]);
  }
  // A change at the very end belongs to the last measure.
  first[measures.length] = changes.length;
  const result: T[] = [];
  for (const { written, shift, jump } of played) {
    const again = jump ? (atTarget.get(written) ?? []) : [];
    const tick = shift + (measures[written]?.start ?? 0);
    for (const change of again) result.push({ ...change, tick });
    const own = changes.slice(first[written], first[written + 1]);
    for (const change of own) result.push({ ...change, tick: change.tick + shift });
    const { maxChanges } = defaultScoreLimits;
    if (result.length > maxChanges) throw tooLarge('the number of changes with expanded repeats', maxChanges);
  }
  return lastOfEach(result);
}

/** Keeps the last of several changes for the same staff at the same tick. */
function lastOfEach<T extends { tick: number; staff: number }>(changes: readonly T[]): T[] {
  return changes.filter((change, i) => {
    for (let after = i + 1; changes[after]?.tick === change.tick; after++) {
      if (changes[after]?.staff === change.staff) return false;
    }
    return true;
  });
}
