/**
 * Builds a score from a reader's draft: one resolution for all parts, consecutive measures, sorted
 * notes, sounding pitch from written pitch. The result does not depend on the order of elements in
 * the file, so `import(export(score))` equals `score`.
 */
import { type NoteColumns, PITCHED, reorderNoteColumns, resizeNoteColumns } from './note-columns.ts';
import { fifthsOfInterval, fifthsOfPitch, midiOfPitch } from './pitch.ts';
import { greatestCommonDivisor, leastCommonMultiple } from './rational.ts';
import type { Measure, Part, Score, Tempo, TimeSignature, Transposition } from './score.ts';
import type { PartDraft, ScoreBuilder } from './score-builder.ts';
import { malformed, type ScoreLimits, tooLarge } from './score-limits.ts';

export function finishScore(builder: ScoreBuilder): Score {
  if (builder.parts.length === 0 || builder.measures.length === 0) throw malformed('the score has no measures');
  builder.finishMeasures();
  const ticksPerQuarter = resolutionOf(builder);
  layMeasures(builder, ticksPerQuarter);
  for (const { cell, offset, change } of builder.changes) {
    const { start = 0, length = 0 } = builder.measures[cell.measure] ?? {};
    change.tick = start + Math.min(length, offset * (ticksPerQuarter / cell.divisions));
  }
  const notes = orderNotes(builder, ticksPerQuarter);
  const parts = builder.parts.map(finishPart);
  for (const part of parts) addSoundingPitch(notes, part);
  const unplayable = notes.midi.reduce((count, midi) => (midi < 0 || midi > 127 ? count + 1 : count), 0);
  if (unplayable > 0) builder.warn(`notes beyond the range of MIDI, which its export omits: ${unplayable}`);
  const { title, composer, measures, warnings } = builder;
  const tempos = sortTempos([...builder.marks, ...builder.tempos]);
  return { title, composer, ticksPerQuarter, measures, parts, tempos, notes, warnings };
}

/**
 * The length of a measure in quarter notes, as a fraction; that of 4/4 if there is no usable
 * signature.
 */
export function nominalLength(time: TimeSignature | undefined): { numerator: number; denominator: number } {
  let numerator = 0;
  let denominator = 1;
  for (const { beats, beatType } of time?.groups ?? []) {
    const count = beats.split('+').reduce((sum, text) => sum + Number(text), 0);
    if (!(Number.isInteger(count) && count > 0)) continue;
    const common = leastCommonMultiple(denominator, beatType);
    numerator = (numerator * common) / denominator + (4 * count * common) / beatType;
    denominator = common;
  }
  if (numerator === 0) return { numerator: 4, denominator: 1 };
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

function startOf(measures: readonly Measure[], index: number): number {
  return measures[index]?.start ?? 0;
}

function refine(ticks: number, by: number, limits: ScoreLimits): number {
  const common = leastCommonMultiple(ticks, by);
  if (common > limits.maxTicksPerQuarter) {
    throw tooLarge('the number of ticks that express every duration', limits.maxTicksPerQuarter);
  }
  return common;
}

function resolutionOf(builder: ScoreBuilder): number {
  let ticks = builder.ticksPerQuarter;
  let last = 0;
  for (const part of builder.parts) {
    for (const cell of part.cells) {
      if (cell.divisions !== last && cell.extent > 0) ticks = refine(ticks, cell.divisions, builder.limits);
      if (cell.extent > 0) last = cell.divisions;
    }
  }
  const empty = emptyMeasures(builder);
  for (const time of empty.values()) ticks = refine(ticks, nominalLength(time).denominator, builder.limits);
  return ticks;
}

/** Measures without any content, and the time signature in force there. */
function emptyMeasures(builder: ScoreBuilder): Map<number, TimeSignature | undefined> {
  const filled = new Uint8Array(builder.measures.length);
  for (const part of builder.parts) for (const cell of part.cells) if (cell.extent > 0) filled[cell.measure] = 1;
  const times = timesByMeasure(builder);
  const empty = new Map<number, TimeSignature | undefined>();
  let time: TimeSignature | undefined;
  for (let index = 0; index < filled.length; index++) {
    time = times.get(index) ?? time;
    if (filled[index] === 0) empty.set(index, time);
  }
  return empty;
}

/**
 * The time signatures at the beginning of measures: those of the first part that has had any, as in
 * `signaturesOf`.
 */
function timesByMeasure(builder: ScoreBuilder): Map<number, TimeSignature> {
  const known = new Set<object>(builder.parts.flatMap(({ times }) => times));
  const changes = builder.changes.filter(({ offset, change }) => offset === 0 && known.has(change));
  changes.sort((a, b) => a.cell.measure - b.cell.measure || a.cell.part - b.cell.part);
  const times = new Map<number, TimeSignature>();
  let leader = Number.POSITIVE_INFINITY;
  for (const { cell, change } of changes) {
    leader = Math.min(leader, cell.part);
    if (cell.part === leader && !times.has(cell.measure)) times.set(cell.measure, change as TimeSignature);
  }
  return times;
}

function layMeasures(builder: ScoreBuilder, ticksPerQuarter: number): void {
  for (const part of builder.parts) {
    for (const cell of part.cells) {
      const measure = builder.measures[cell.measure];
      if (measure) measure.length = Math.max(measure.length, cell.extent * (ticksPerQuarter / cell.divisions));
    }
  }
  const ticksOf = (time: TimeSignature | undefined) => {
    const nominal = nominalLength(time);
    return (nominal.numerator * ticksPerQuarter) / nominal.denominator;
  };
  for (const [index, time] of emptyMeasures(builder)) {
    const measure = builder.measures[index];
    if (measure) measure.length = ticksOf(time);
  }
  const first = builder.measures[0];
  if (first) first.pickup = builder.measures.length > 1 && first.length < ticksOf(timesByMeasure(builder).get(0));
  let start = 0;
  for (const measure of builder.measures) {
    measure.start = start;
    start += measure.length;
  }
  const { maxQuarters } = builder.limits;
  if (start > maxQuarters * ticksPerQuarter) throw tooLarge('the length in quarter notes', maxQuarters);
}

function finishPart(draft: PartDraft): Part {
  const { id, name, program, channel, staves, from, to } = draft;
  const sorted = <T extends { tick: number; staff: number }>(list: T[]) =>
    list.sort((a, b) => a.tick - b.tick || a.staff - b.staff);
  const [keys, times] = [sorted(draft.keys), sorted(draft.times)];
  const [clefs, transposes] = [sorted(draft.clefs), sorted(draft.transposes)];
  return { id, name, program, channel, staves, from, to, keys, times, clefs, transposes };
}

/**
 * Many programs repeat the tempo in each part or write two at the same tick. The last one applies,
 * so metronome marks come first.
 */
function sortTempos(tempos: Tempo[]): Tempo[] {
  const sorted = tempos.sort((a, b) => a.tick - b.tick);
  return sorted.filter((tempo, i) => tempo.tick !== sorted[i + 1]?.tick);
}

function orderNotes(builder: ScoreBuilder, ticksPerQuarter: number): NoteColumns {
  const { notes } = builder;
  const order = new Uint32Array(notes.count);
  let next = 0;
  let moved = false;
  for (const part of builder.parts) {
    part.from = next;
    for (const cell of part.cells) {
      const start = startOf(builder.measures, cell.measure);
      const factor = ticksPerQuarter / cell.divisions;
      const begin = next;
      for (let row = cell.from; row < cell.to; row++) {
        notes.onset[row] = start + (notes.onset[row] ?? 0) * factor;
        notes.duration[row] = (notes.duration[row] ?? 0) * factor;
        if (next !== row) moved = true;
        order[next++] = row;
      }
      if (sortRows(notes, order.subarray(begin, next))) moved = true;
    }
    part.to = next;
  }
  const ordered = moved ? reorderNoteColumns(notes, order) : resizeNoteColumns(notes, notes.count);
  renumberGraceNotes(ordered);
  return ordered;
}

/** Returns true if the order changed. */
function sortRows(notes: NoteColumns, rows: Uint32Array): boolean {
  for (let i = 1; i < rows.length; i++) {
    if (compareNotes(notes, rows[i - 1] ?? 0, rows[i] ?? 0) > 0) {
      rows.sort((a, b) => compareNotes(notes, a, b));
      return true;
    }
  }
  return false;
}

export function compareNotes(notes: NoteColumns, a: number, b: number): number {
  const by = (column: ArrayLike<number>) => (column[a] ?? 0) - (column[b] ?? 0);
  // A grace note (position 1, 2, ...) comes before its main note (position 0).
  const position = (row: number) => ((notes.grace[row] ?? 0) + 65_535) % 65_536;
  return (
    by(notes.onset) ||
    by(notes.voice) ||
    position(a) - position(b) ||
    by(notes.staff) ||
    by(notes.octave) ||
    by(notes.step) ||
    by(notes.alterCents) ||
    by(notes.duration) ||
    by(notes.tie) ||
    by(notes.kind) ||
    by(notes.midi)
  );
}

/**
 * Numbers each group of grace notes 1, 2, 3, ...; files count across voices or start at any number.
 */
function renumberGraceNotes(notes: NoteColumns): void {
  let place = 0;
  let original = 0;
  for (let row = 0; row < notes.count; row++) {
    const grace = notes.grace[row] ?? 0;
    if (grace === 0) continue;
    const sameGroup =
      row > 0 &&
      original > 0 &&
      notes.grace[row - 1] !== 0 &&
      notes.measure[row - 1] === notes.measure[row] &&
      notes.onset[row - 1] === notes.onset[row] &&
      notes.voice[row - 1] === notes.voice[row] &&
      grace >= original;
    place = sameGroup ? place + (grace === original ? 0 : 1) : 1;
    original = grace;
    notes.grace[row] = place;
  }
}

function addSoundingPitch(notes: NoteColumns, part: Part): void {
  const inForce = new Map<number, Transposition>();
  let next = 0;
  for (let row = part.from; row < part.to; row++) {
    const onset = notes.onset[row] ?? 0;
    for (let change = part.transposes[next]; change && change.tick <= onset; change = part.transposes[++next]) {
      if (change.staff === 0) inForce.clear();
      inForce.set(change.staff, change);
    }
    if (notes.kind[row] !== PITCHED) continue;
    const [step, cents] = [notes.step[row] ?? 0, notes.alterCents[row] ?? 0];
    const transposition = inForce.get(notes.staff[row] ?? 1) ?? inForce.get(0);
    const chromatic = transposition?.chromatic ?? 0;
    const octaves = transposition?.octaveChange ?? 0;
    notes.midi[row] = midiOfPitch(step, cents, notes.octave[row] ?? 0) + chromatic + 12 * octaves;
    notes.fifths[row] = fifthsOfPitch(step, cents) + fifthsOfInterval(transposition?.diatonic ?? 0, chromatic);
  }
}
