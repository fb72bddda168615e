/**
 * Checks the voice leading: parallel and direct fifths and octaves, crossing, overlap, leaps, and
 * unresolved tendency tones. The events are errors in four-part writing; in other styles many of
 * them are acceptable.
 */
import type { Motion, VoiceLeadingEvent } from '@encore/contracts';
import { nameChord } from '../chords/chord.ts';
import { findKeys } from '../keys/key-finder.ts';
import type { Key } from '../keys/key-name.ts';
import { modulo, nameOfPitch, pitchClassOfFifths, stepOfFifths } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import type { SoundingNote } from '../model/sounding-notes.ts';
import { type MelodicLine, melodicLinesOf } from './melodic-lines.ts';
import { placeOf } from './place.ts';

export interface VoiceLeading {
  voices: string[];
  motion: Motion;
  counts: Partial<Record<VoiceLeadingEvent['kind'], number>>;
  /** At most `maxEvents`; `counts` includes all events. */
  events: VoiceLeadingEvent[];
}

/** Few pieces have more independent voices, and the number of pairs grows with the square. */
const maxVoices = 16;
const maxEvents = 20_000;

/** The note of each voice at one time; null for a rest. */
interface Moment {
  tick: number;
  notes: (SoundingNote | null)[];
}

export function analyzeVoiceLeading(score: Score): VoiceLeading {
  const lines = melodicLinesOf(score).slice(0, maxVoices);
  const order = byHeight(lines);
  const marker = new Marker(score, order);
  const found = findKeys(score, 'vote');
  const key = typeof found === 'string' ? null : (found[0]?.key ?? null);
  let before: Moment | null = null;
  for (const moment of momentsOf(order)) {
    markCrossings(moment, before, marker);
    if (before) {
      markPairs(before, moment, marker);
      markLeaps(before, moment, marker);
      markTendencies(before, moment, key, marker);
    }
    before = moment;
  }
  return { voices: order.map(({ name }) => name), motion: marker.motion, counts: marker.counts, events: marker.events };
}

/** Sorts the voices by mean pitch, highest first. */
function byHeight(lines: readonly MelodicLine[]): MelodicLine[] {
  const mean = ({ notes }: MelodicLine) => notes.reduce((sum, { midi }) => sum + midi, 0) / Math.max(1, notes.length);
  return [...lines].sort((a, b) => mean(b) - mean(a));
}

class Marker {
  readonly motion: Motion = { parallel: 0, similar: 0, contrary: 0, oblique: 0 };
  readonly counts: VoiceLeading['counts'] = {};
  readonly events: VoiceLeadingEvent[] = [];
  readonly #score: Score;
  readonly #lines: readonly MelodicLine[];

  constructor(score: Score, lines: readonly MelodicLine[]) {
    this.#score = score;
    this.#lines = lines;
  }

  get last(): number {
    return this.#lines.length - 1;
  }

  add(kind: VoiceLeadingEvent['kind'], tick: number, voices: readonly number[], notes: readonly SoundingNote[]): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (this.events.length >= maxEvents) return;
    this.events.push({
      ...placeOf(this.#score, tick),
      kind,
      voices: voices.map((voice) => this.#lines[voice]?.name ?? ''),
      pitches: notes.map(({ fifths, midi }) => nameOfPitch(fifths, midi)),
    });
  }
}

/** Yields a moment for every onset of any voice. */
function* momentsOf(lines: readonly MelodicLine[]): Generator<Moment> {
  const ticks = [...new Set(lines.flatMap(({ notes }) => notes.map(({ onset }) => onset)))].sort((a, b) => a - b);
  const at = lines.map(() => 0);
  for (const tick of ticks) {
    const notes = lines.map((line, voice) => {
      let index = at[voice] ?? 0;
      while ((line.notes[index]?.end ?? Number.POSITIVE_INFINITY) <= tick) index++;
      at[voice] = index;
      const note = line.notes[index];
      return note && note.onset <= tick ? note : null;
    });
    yield { tick, notes };
  }
}

function markPairs(before: Moment, now: Moment, marker: Marker): void {
  for (let upper = 0; upper < now.notes.length; upper++) {
    for (let lower = upper + 1; lower < now.notes.length; lower++) {
      const [a, b, c, d] = [before.notes[upper], before.notes[lower], now.notes[upper], now.notes[lower]];
      if (!a || !b || !c || !d) continue;
      const outer = upper === 0 && lower === marker.last;
      const [up, down] = [c.midi - a.midi, d.midi - b.midi];
      if (outer) countMotion(up, down, a, b, c, d, marker.motion);
      if (a === c || b === d || up * down <= 0) continue;
      const parallel = perfectInterval(a, b);
      const arrival = perfectInterval(c, d);
      if (arrival === null) continue;
      const notes = [a, b, c, d];
      if (parallel === arrival) marker.add(`parallel ${arrival}`, now.tick, [upper, lower], notes);
      else if (outer && arrival !== 'unisons' && Math.abs(up) > 2) {
        marker.add(`direct ${arrival}`, now.tick, [upper, lower], notes);
      }
    }
  }
}

function countMotion(
  up: number,
  down: number,
  a: SoundingNote,
  b: SoundingNote,
  c: SoundingNote,
  d: SoundingNote,
  motion: Motion,
): void {
  if (up === 0 && down === 0) return;
  if (up === 0 || down === 0) motion.oblique++;
  else if (up * down < 0) motion.contrary++;
  else if (genericInterval(a, b) === genericInterval(c, d)) motion.parallel++;
  else motion.similar++;
}

/** Staff steps between two pitches, modulo octaves. */
function genericInterval(upper: SoundingNote, lower: SoundingNote): number {
  return modulo(stepOfFifths(upper.fifths) - stepOfFifths(lower.fifths), 7);
}

function perfectInterval(upper: SoundingNote, lower: SoundingNote): 'fifths' | 'octaves' | 'unisons' | null {
  const fifths = upper.midi >= lower.midi ? upper.fifths - lower.fifths : lower.fifths - upper.fifths;
  if (fifths === 1) return 'fifths';
  if (fifths !== 0) return null;
  return upper.midi === lower.midi ? 'unisons' : 'octaves';
}

/**
 * Marks a crossing where it begins, and an overlap where a voice passes the previous note of its
 * neighbour.
 */
function markCrossings(now: Moment, before: Moment | null, marker: Marker): void {
  for (let upper = 0; upper + 1 < now.notes.length; upper++) {
    const [a, b] = [now.notes[upper], now.notes[upper + 1]];
    const [formerUpper, formerLower] = [before?.notes[upper], before?.notes[upper + 1]];
    const voices = [upper, upper + 1];
    if (a && b && a.midi < b.midi) {
      const crossedBefore = formerUpper && formerLower && formerUpper.midi < formerLower.midi;
      if (!crossedBefore) marker.add('voice crossing', now.tick, voices, [a, b]);
    } else if (a && formerLower && a !== formerUpper && a.midi < formerLower.midi) {
      marker.add('voice overlap', now.tick, voices, [formerLower, a]);
    } else if (b && formerUpper && b !== formerLower && b.midi > formerUpper.midi) {
      marker.add('voice overlap', now.tick, voices, [formerUpper, b]);
    }
  }
}

/** Marks leaps of more than an octave and augmented intervals. */
function markLeaps(before: Moment, now: Moment, marker: Marker): void {
  for (const [voice, to] of now.notes.entries()) {
    const from = before.notes[voice];
    if (!from || !to || from === to) continue;
    const distance = to.midi - from.midi;
    const fifths = distance >= 0 ? to.fifths - from.fifths : from.fifths - to.fifths;
    if (Math.abs(distance) > 12) marker.add('large leap', now.tick, [voice], [from, to]);
    // Augmented intervals are at least 6 fifths (a tritone); a chromatic semitone (7) is not a
    // leap.
    else if (fifths >= 6 && fifths !== 7) marker.add('augmented leap', now.tick, [voice], [from, to]);
  }
}

/**
 * From dominant to tonic, the leading tone must rise in the outer voices, and a seventh must fall
 * by step.
 */
function markTendencies(before: Moment, now: Moment, key: Key | null, marker: Marker): void {
  const sounding = before.notes.filter((note) => note !== null);
  const bass = sounding.reduce<SoundingNote | null>((low, note) => (low && low.midi <= note.midi ? low : note), null);
  const chord = bass && nameChord(new Set(sounding.map(({ fifths }) => fifths)), bass.fifths);
  if (!chord) return;
  const arrival = now.notes.filter((note) => note !== null);
  for (const [voice, from] of before.notes.entries()) {
    const to = now.notes[voice];
    if (!from || !to || from === to || from.midi === to.midi) continue;
    const isSeventh = from.fifths === chord.root - 2 && chord.type.tones.includes(-2);
    if (isSeventh && !isStepDown(from, to)) marker.add('unresolved seventh', now.tick, [voice], [from, to]);
    const dominant = key !== null && chord.root === key.tonic + 1 && chord.type.tones.includes(4);
    const isLeading = dominant && from.fifths === key.tonic + 5 && (voice === 0 || voice === marker.last);
    const tonicNext = dominant && arrival.some(({ midi }) => modulo(midi, 12) === pitchClassOfFifths(key.tonic));
    if (isLeading && tonicNext && !(to.midi === from.midi + 1)) {
      marker.add('unresolved leading tone', now.tick, [voice], [from, to]);
    }
  }
}

function isStepDown(from: SoundingNote, to: SoundingNote): boolean {
  return to.midi < from.midi && from.midi - to.midi <= 2;
}
