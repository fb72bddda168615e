/**
 * Spells MIDI notes, which have no spelling. The key at the onset of a note decides, unless another
 * spelling of everything that sounds there is a known chord: in C major, G#, C and F# are the
 * Italian sixth Ab C F#.
 */
import { isChordSpelling } from '../../chords/chord.ts';
import { type Key, keyOfSignature } from '../../keys/key-name.ts';
import { keyProfiles } from '../../keys/key-profiles.ts';
import { bestKeyOfHistogram, correlate } from '../../keys/pitch-histogram.ts';
import { pitchClassOfFifths, spellPitchClass } from '../../model/pitch.ts';
import type { MidiNote, MidiPerformance } from './midi-performance.ts';

const profile = keyProfiles['bellman-budge'];
/** How many spellings at each end of a key's range have a likely alternative at the other end. */
const outermost = 2;

/** Which pitch classes sound, as bits, at each tick where notes begin. */
interface Sonorities {
  ticks: readonly number[];
  classes: readonly number[];
}

export class MidiSpelling {
  readonly #initial: Key;
  readonly #keys: readonly { tick: number; key: Key }[];
  readonly #sonorities: Sonorities;
  /** Spellings of the twelve pitch classes, by key and sonority. */
  readonly #known = new Map<string, readonly number[]>();

  constructor(performance: MidiPerformance) {
    const histogram = performance.histogram();
    this.#initial = bestKeyOfHistogram(histogram);
    this.#keys = performance.keys.map(({ tick, fifths, mode }) => ({ tick, key: keyOf(fifths, mode, histogram) }));
    this.#sonorities = sonoritiesOf(performance.pitchedNotes());
  }

  /** Returns a function that spells notes, which must come in order of their onsets. */
  inOrder(): (note: MidiNote) => number {
    const { ticks, classes } = this.#sonorities;
    let key = this.#initial;
    let nextKey = 0;
    let at = 0;
    return (note) => {
      for (let change = this.#keys[nextKey]; change && change.tick <= note.onset; change = this.#keys[++nextKey]) {
        key = change.key;
      }
      while ((ticks[at] ?? Number.POSITIVE_INFINITY) < note.onset) at++;
      return this.#spellings(key, classes[at] ?? 0)[note.key % 12] ?? 0;
    };
  }

  #spellings(key: Key, classes: number): readonly number[] {
    const id = `${key.tonic} ${key.mode} ${classes}`;
    let known = this.#known.get(id);
    if (!known) {
      known = spellSonority(key, classes);
      this.#known.set(id, known);
    }
    return known;
  }
}

/** Many programs write "major" for every key, so the notes decide between it and its relative. */
function keyOf(fifths: number, mode: Key['mode'], histogram: Float64Array): Key {
  const written = keyOfSignature(fifths, mode);
  if (mode === 'minor') return written;
  const relative = keyOfSignature(fifths, 'minor');
  const fit = (key: Key) => correlate(histogram, profile[key.mode], pitchClassOfFifths(key.tonic));
  return fit(relative) > fit(written) ? relative : written;
}

function sonoritiesOf(notes: readonly MidiNote[]): Sonorities {
  const starts = [...notes].sort((a, b) => a.onset - b.onset);
  const ends = [...notes].sort((a, b) => a.end - b.end);
  const sounding = new Int32Array(12);
  const ticks: number[] = [];
  const classes: number[] = [];
  let ended = 0;
  const count = ({ key }: MidiNote, by: number) => {
    sounding[key % 12] = (sounding[key % 12] ?? 0) + by;
  };
  for (const [index, note] of starts.entries()) {
    count(note, 1);
    if (starts[index + 1]?.onset === note.onset) continue;
    for (let end = ends[ended]; end && end.end <= note.onset; end = ends[++ended]) count(end, -1);
    ticks.push(note.onset);
    classes.push(sounding.reduce((bits, notesOfClass, i) => (notesOfClass > 0 ? bits | (1 << i) : bits), 0));
  }
  return { ticks, classes };
}

/** Around C major: Eb Bb F C G D A E B F# C# G#; around C minor: Db ... F#. */
function spellSonority({ tonic, mode }: Key, classes: number): readonly number[] {
  const lowest = tonic - (mode === 'major' ? 3 : 5);
  const usual = Array.from({ length: 12 }, (_, pitchClass) => spellPitchClass(pitchClass, lowest));
  const isSounding = (fifths: number) => (classes & (1 << pitchClassOfFifths(fifths))) !== 0;
  const isChord = (spelling: readonly number[]) => isChordSpelling(spelling.filter(isSounding));
  if (usual.filter(isSounding).length < 3 || isChord(usual)) return usual;
  let alternatives: number[][] = [usual];
  for (const fifths of usual.filter(isSounding)) {
    const place = fifths - lowest;
    const other = place < outermost ? fifths + 12 : place >= 12 - outermost ? fifths - 12 : fifths;
    if (other === fifths) continue;
    const changed = alternatives.map((spelling) => spelling.map((one) => (one === fifths ? other : one)));
    alternatives = [...alternatives, ...changed];
  }
  const changes = (spelling: readonly number[]) => spelling.filter((one, i) => one !== usual[i]).length;
  alternatives.sort((a, b) => changes(a) - changes(b));
  return alternatives.find(isChord) ?? usual;
}
