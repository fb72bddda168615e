/** Collects the events of all tracks of a MIDI file: notes, signatures, tempos, names. */

import { type ScoreLimits, tooLarge } from '../../model/score-limits.ts';
import { plainText } from '../plain-text.ts';
import type { MidiVisitor } from './midi-track.ts';

export interface MidiNote {
  onset: number;
  end: number;
  key: number;
}

export const percussionChannel = 9;

interface MidiPart {
  track: number;
  channel: number;
  name: string;
  program: number | null;
  notes: MidiNote[];
  /** By key, oldest first; the first `ended` notes have had their note-off. */
  sounding: Map<number, { notes: MidiNote[]; ended: number }>;
}

export class MidiPerformance {
  readonly times: { tick: number; beats: number; beatType: number }[] = [];
  readonly keys: { tick: number; fifths: number; mode: 'major' | 'minor' }[] = [];
  readonly tempos: { tick: number; microsecondsPerQuarter: number }[] = [];
  readonly #limits: ScoreLimits;
  readonly #maxTick: number;
  readonly #parts = new Map<number, MidiPart>();
  readonly #names: string[] = [];
  #track = -1;
  #notes = 0;
  #changes = 0;
  readonly #ticksPerQuarter: number;
  readonly #warn: (message: string) => void;
  /** By channel, because an instrument may be chosen in another track than that of its notes. */
  readonly #programs = new Map<number, { tick: number; program: number }[]>();
  length = 0;
  /** Number of notes that ended where they began and got a default length. */
  withoutLength = 0;
  /** Number of notes without a note-off, which end at the next note of their key or at the end. */
  withoutEnd = 0;

  constructor(limits: ScoreLimits, ticksPerQuarter: number, warn: (message: string) => void) {
    this.#warn = warn;
    this.#ticksPerQuarter = ticksPerQuarter;
    this.#limits = limits;
    this.#maxTick = limits.maxQuarters * ticksPerQuarter;
  }

  /** The name of the first track, which is the name of the piece if that track has no notes. */
  get title(): string {
    return this.parts().some(({ track }) => track === 0) ? '' : (this.#names[0] ?? '');
  }

  parts(): MidiPart[] {
    const parts = [...this.#parts.values()].filter(({ notes }) => notes.length > 0);
    return parts.sort((a, b) => a.track - b.track || a.channel - b.channel);
  }

  nextTrack(): MidiVisitor {
    this.#track++;
    const track = this.#track;
    this.#names.push('');
    return {
      noteOn: (tick, channel, key) => this.#noteOn(this.#part(channel), tick, key),
      noteOff: (tick, channel, key) => this.#noteOff(this.#part(channel), tick, key),
      program: (tick, channel, program) => {
        const part = this.#part(channel);
        // The last one before the notes; later changes of the instrument are left out.
        if (part.notes.length === 0) part.program = program;
        else part.program ??= program;
        const programs = this.#programs.get(channel) ?? [];
        this.#programs.set(channel, programs);
        this.#change(programs, { tick, program });
      },
      tempo: (tick, microsecondsPerQuarter) => this.#change(this.tempos, { tick, microsecondsPerQuarter }),
      time: (tick, beats, beatType) => this.#change(this.times, { tick, beats, beatType }),
      key: (tick, fifths, mode) => this.#change(this.keys, { tick, fifths, mode }),
      name: (text) => {
        this.#names[track] ||= plainText(text);
      },
      end: (tick) => this.#end(tick),
      warn: (message) => this.#warn(`track ${track + 1}: ${message}`),
    };
  }

  finish(): void {
    const keepLast = <T extends { tick: number }>(changes: T[]) => {
      const sorted = changes.sort((a, b) => a.tick - b.tick);
      const kept = sorted.filter((change, i) => change.tick !== sorted[i + 1]?.tick);
      changes.splice(0, changes.length, ...kept);
    };
    keepLast(this.times);
    keepLast(this.keys);
    keepLast(this.tempos);
    for (const programs of this.#programs.values()) keepLast(programs);
    for (const part of this.#parts.values()) {
      part.name = this.#names[part.track] ?? '';
      part.notes.sort((a, b) => a.onset - b.onset || a.key - b.key || a.end - b.end);
      part.program ??= this.#programAt(part.channel, part.notes[0]?.onset ?? 0);
      this.#giveLengths(part.notes);
    }
  }

  /**
   * A drum hit often ends where it begins. It gets the length of a sixteenth note, or less if the
   * same key is struck again earlier.
   */
  #giveLengths(notes: readonly MidiNote[]): void {
    const defaultLength = Math.max(1, Math.round(this.#ticksPerQuarter / 4));
    /** For each key, the onset of the following note, and the next different onset after that. */
    const later = new Map<number, { onset: number; next: number }>();
    for (let i = notes.length - 1; i >= 0; i--) {
      const note = notes[i];
      if (!note) continue;
      const after = later.get(note.key);
      const next = after === undefined ? Number.POSITIVE_INFINITY : after.onset > note.onset ? after.onset : after.next;
      later.set(note.key, { onset: note.onset, next });
      if (note.end > note.onset) continue;
      note.end = Math.min(note.onset + defaultLength, next);
      this.#reach(note.end);
      this.withoutLength++;
    }
  }

  #programAt(channel: number, tick: number): number | null {
    return this.#programs.get(channel)?.findLast((change) => change.tick <= tick)?.program ?? null;
  }

  /** The notes of all parts except percussion. */
  pitchedNotes(): MidiNote[] {
    return [...this.#parts.values()].flatMap(({ channel, notes }) => (channel === percussionChannel ? [] : notes));
  }

  /** How long each pitch class sounds, in ticks, without percussion. */
  histogram(): Float64Array {
    const weights = new Float64Array(12);
    for (const { key, onset, end } of this.pitchedNotes()) weights[key % 12] = (weights[key % 12] ?? 0) + end - onset;
    return weights;
  }

  #part(channel: number): MidiPart {
    const id = this.#track * 16 + channel;
    let part = this.#parts.get(id);
    if (!part) {
      part = { track: this.#track, channel, name: '', program: null, notes: [], sounding: new Map() };
      this.#parts.set(id, part);
    }
    return part;
  }

  #noteOn(part: MidiPart, tick: number, key: number): void {
    this.#reach(tick);
    if (++this.#notes > this.#limits.maxNotes) throw tooLarge('the number of notes', this.#limits.maxNotes);
    const note = { onset: tick, end: tick, key };
    part.notes.push(note);
    const sounding = part.sounding.get(key);
    if (sounding) sounding.notes.push(note);
    else part.sounding.set(key, { notes: [note], ended: 0 });
  }

  /** Ends the oldest note of this key; a note-off without a note-on is ignored. */
  #noteOff(part: MidiPart, tick: number, key: number): void {
    const sounding = part.sounding.get(key);
    const note = sounding?.notes[sounding.ended];
    if (!sounding || !note) return;
    this.#reach(tick);
    note.end = tick;
    sounding.ended++;
    if (sounding.ended === sounding.notes.length) part.sounding.delete(key);
  }

  /**
   * Notes without a note-off sound until the next note of their key, or until the end of their
   * track. Percussion without a note-off has no length.
   */
  #end(tick: number): void {
    this.#reach(tick);
    for (const part of this.#parts.values()) {
      if (part.track !== this.#track || part.channel === percussionChannel) continue;
      for (const { notes, ended } of part.sounding.values()) {
        const open = notes.slice(ended);
        for (const [i, note] of open.entries()) note.end = open[i + 1]?.onset ?? tick;
        this.withoutEnd += open.length;
      }
      part.sounding.clear();
    }
  }

  #change<T extends { tick: number }>(changes: T[], change: T): void {
    this.#reach(change.tick);
    if (++this.#changes > this.#limits.maxChanges) {
      throw tooLarge('the number of key, time, tempo and instrument changes', this.#limits.maxChanges);
    }
    changes.push(change);
  }

  #reach(tick: number): void {
    if (tick > this.#maxTick) throw tooLarge('the length in quarter notes', this.#limits.maxQuarters);
    this.length = Math.max(this.length, tick);
  }
}
