/**
 * Finds cadences: two harmonies that close a phrase. A phrase closes where the highest voice rests
 * after a note, where it sustains a note longer than all recent ones and at least twice their
 * median, and at the end of the piece. Elsewhere V and I are only neighbours.
 */
import type { Cadence } from '@encore/contracts';
import { type Key, nameOfKey } from '../keys/key-name.ts';
import { modulo, pitchClassOfFifths } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { type SoundingNote, soundingNotes } from '../model/sounding-notes.ts';
import type { HarmonicSpan } from './harmonies.ts';
import { placeOf } from './place.ts';
import { type RomanNumeral, romanNumeral } from './roman-numeral.ts';

export interface KeyedSpan extends HarmonicSpan {
  key: Key;
}

/** Length of a sustained note, as a multiple of the median of the recent notes. */
const sustainFactor = 2;
const melodyMemory = 8;
/** The minor seventh above a root, on the line of fifths. */
const seventh = -2;

export function cadencesOf(score: Score, spans: readonly KeyedSpan[]): Cadence[] {
  const melody = melodyOf(score);
  const endings = phraseEndings(melody, score.ticksPerQuarter);
  const cadences: Cadence[] = [];
  let next = 0;
  for (let i = 1; i < spans.length; i++) {
    const [before, arrival] = [spans[i - 1], spans[i]];
    if (!before || !arrival) continue;
    while ((endings[next]?.onset ?? Number.POSITIVE_INFINITY) < arrival.tick) next++;
    const ending = endings[next];
    if (!ending || ending.onset >= arrival.end) continue;
    // A cadence closes the previous key first, even if the next phrase begins in another one.
    const closed = cadenceIn(before, arrival, before.key, ending) ?? cadenceIn(before, arrival, arrival.key, ending);
    if (closed) cadences.push({ ...placeOf(score, arrival.tick), ...closed });
  }
  return cadences;
}

function cadenceIn(
  before: KeyedSpan,
  arrival: KeyedSpan,
  key: Key,
  soprano: SoundingNote,
): Pick<Cadence, 'kind' | 'key' | 'chords'> | null {
  const [first, second] = [romanNumeral(before.chord, key), romanNumeral(arrival.chord, key)];
  const kind = kindOf({ ...before, key }, { ...arrival, key }, first, second, soprano);
  return kind && { kind, key: nameOfKey(key), chords: [first.text, second.text] };
}

function kindOf(
  before: KeyedSpan,
  arrival: KeyedSpan,
  first: RomanNumeral,
  second: RomanNumeral,
  soprano: SoundingNote,
): Cadence['kind'] | null {
  if (second.secondary) return null;
  const dominant = !first.secondary && (first.degree === 4 || first.degree === 6) && hasLeadingTone(before);
  const toTonic = second.degree === 0;
  if (dominant && toTonic) {
    const onTonic = modulo(soprano.midi, 12) === pitchClassOfFifths(arrival.key.tonic);
    const rootPositions = first.degree === 4 && before.chord.inversion === 0 && arrival.chord.inversion === 0;
    return rootPositions && onTonic ? 'perfect authentic' : 'imperfect authentic';
  }
  if (!first.secondary && first.degree === 4 && second.degree === 5) return 'deceptive';
  if (!first.secondary && first.degree === 3 && toTonic && arrival.chord.inversion === 0) return 'plagal';
  // After a dominant, another dominant is not an arrival; one with a seventh does not rest (Caplin,
  // Classical Form, chapter 2).
  const arrives = !dominant && second.degree === 4 && hasLeadingTone(arrival) && arrival.chord.inversion === 0;
  return arrives && !arrival.chord.type.tones.includes(seventh) ? 'half' : null;
}

/**
 * Whether the chord contains the leading tone of its key; in minor, v does not and is not a
 * dominant.
 */
function hasLeadingTone({ chord, key }: KeyedSpan): boolean {
  return chord.type.tones.some((tone) => chord.root + tone === key.tonic + 5);
}

/** The highest notes in order; a note below a sounding one is not part of the melody. */
function melodyOf(score: Score): SoundingNote[] {
  const melody: SoundingNote[] = [];
  for (const note of soundingNotes(score)) {
    const last = melody.at(-1);
    if (last?.onset === note.onset) melody.pop();
    else if (last && last.end > note.onset && last.midi > note.midi) continue;
    melody.push(note);
  }
  return melody;
}

function phraseEndings(melody: readonly SoundingNote[], ticksPerQuarter: number): SoundingNote[] {
  let began = 0;
  return melody.filter((note, i) => {
    const next = melody[i + 1];
    const rests = !next || next.onset - note.end >= ticksPerQuarter / 2;
    const recent = melody.slice(Math.max(began, i - melodyMemory), i);
    const ends = rests || isSustained(note, recent);
    if (ends) began = i + 1;
    return ends;
  });
}

/** Whether a note is longer than all recent ones and at least twice their median. */
function isSustained({ onset, end }: SoundingNote, recent: readonly SoundingNote[]): boolean {
  const lengths = recent.map((note) => note.end - note.onset).sort((a, b) => a - b);
  const [median, max] = [lengths[lengths.length >> 1], lengths.at(-1)];
  const length = end - onset;
  return median !== undefined && max !== undefined && length > max && length >= sustainFactor * median;
}
