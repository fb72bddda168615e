/**
 * Reads Standard MIDI (formats 0 and 1) into a score. Each channel of a track becomes a part;
 * measures come from the time signatures, and a note that crosses a barline becomes tied notes.
 */
import { PITCHED, TIE_START, TIE_STOP, UNPITCHED } from '../../model/note-columns.ts';
import { alterOfFifths, octaveOfSpelling, stepOfFifths } from '../../model/pitch.ts';
import { greatestCommonDivisor, leastCommonMultiple } from '../../model/rational.ts';
import type { Score } from '../../model/score.ts';
import { finishScore } from '../../model/score-assembly.ts';
import { ScoreBuilder } from '../../model/score-builder.ts';
import { malformed, type ScoreLimits, tooLarge } from '../../model/score-limits.ts';
import { type MidiNote, MidiPerformance, percussionChannel } from './midi-performance.ts';
import { MidiSpelling } from './midi-spelling.ts';
import { readTrack, splitMidi } from './midi-track.ts';

interface Bar {
  start: number;
  end: number;
}

export function readMidi(bytes: Uint8Array, limits: ScoreLimits): Score {
  const file = splitMidi(bytes);
  if (file.tracks.length > limits.maxParts + 1) throw tooLarge('the number of tracks', limits.maxParts + 1);
  const builder = new ScoreBuilder(limits);
  const { declaredTracks, tracks } = file;
  if (tracks.length < declaredTracks)
    builder.warn(`${declaredTracks - tracks.length} of ${declaredTracks} tracks are missing`);
  const performance = new MidiPerformance(limits, file.ticksPerQuarter, (message) => builder.warn(message));
  for (const track of tracks) readTrack(track, performance.nextTrack());
  performance.finish();
  // A barline may fall between two ticks, so the resolution is refined until every barline is on a
  // tick.
  const finer = performance.times.reduce((factor, { beats, beatType }) => {
    const length = 4 * beats * file.ticksPerQuarter;
    return leastCommonMultiple(factor, beatType / greatestCommonDivisor(length, beatType));
  }, 1);
  const bars = layBars(performance, file.ticksPerQuarter, finer, limits);
  builder.title = performance.title;
  const { withoutLength, withoutEnd } = performance;
  if (withoutLength > 0) builder.warn(`notes without length, read as sixteenth notes or shorter: ${withoutLength}`);
  if (withoutEnd > 0)
    builder.warn(
      `notes without a note-off, which end at the next note of their key or with their track: ${withoutEnd}`,
    );
  const spelling = new MidiSpelling(performance);
  for (const source of performance.parts()) {
    const part = builder.addPart(`P${builder.parts.length + 1}`);
    part.name = source.name;
    part.program = source.program;
    part.channel = source.channel;
    part.divisions = file.ticksPerQuarter * finer;
    writePart(builder, part, source.notes, bars, finer, spelling);
  }
  if (builder.parts.length === 0) throw malformed('the MIDI file has no notes');
  writeChanges(builder, bars, finer, performance);
  return finishScore(builder);
}

/**
 * Derives measures from the time signatures; 4/4 before the first. A signature inside a measure
 * starts a new one.
 */
function layBars(performance: MidiPerformance, ticksPerQuarter: number, finer: number, limits: ScoreLimits): Bar[] {
  const bars: Bar[] = [];
  const end = Math.max(1, performance.length) * finer;
  const signatures = [{ tick: 0, beats: 4, beatType: 4 }, ...performance.times];
  for (const [index, { tick, beats, beatType }] of signatures.entries()) {
    const length = (4 * beats * ticksPerQuarter * finer) / beatType;
    const next = signatures[index + 1];
    const until = next ? next.tick * finer : end;
    if (bars.length + (until - tick * finer) / length > limits.maxMeasures) {
      throw tooLarge('the number of measures', limits.maxMeasures);
    }
    for (let start = tick * finer; start < until; start += length) {
      bars.push({ start, end: next ? Math.min(start + length, until) : start + length });
    }
  }
  return bars;
}

type PartDraft = ScoreBuilder['parts'][number];

function writePart(
  builder: ScoreBuilder,
  part: PartDraft,
  notes: readonly MidiNote[],
  bars: readonly Bar[],
  finer: number,
  spelling: MidiSpelling,
): void {
  const spell = spelling.inOrder();
  // Notes that started in an earlier measure and still sound.
  let sounding: { note: MidiNote; fifths: number }[] = [];
  let next = 0;
  for (const [index, bar] of bars.entries()) {
    const cell = builder.openCell(part, index, String(index + 1), false);
    for (let note = notes[next]; note && note.onset * finer < bar.end; note = notes[++next]) {
      sounding.push({ note, fifths: spell(note) });
    }
    for (const { note, fifths } of sounding) {
      const [onset, end] = [note.onset * finer, note.end * finer];
      const from = Math.max(onset, bar.start);
      const to = Math.min(end, bar.end);
      const percussion = part.channel === percussionChannel;
      builder.addNote(cell, {
        onset: from - bar.start,
        duration: to - from,
        step: stepOfFifths(fifths),
        alterCents: percussion ? 0 : 100 * alterOfFifths(fifths),
        octave: octaveOfSpelling(fifths, note.key),
        midi: note.key,
        fifths: 0,
        kind: percussion ? UNPITCHED : PITCHED,
        voice: 1,
        staff: 1,
        tie: (from > onset ? TIE_STOP : 0) + (to < end ? TIE_START : 0),
        grace: 0,
      });
    }
    sounding = sounding.filter(({ note }) => note.end * finer > bar.end);
    builder.move(cell, bar.end - bar.start);
  }
}

/** Time and key signatures apply to all parts; tempos are written once. */
function writeChanges(builder: ScoreBuilder, bars: readonly Bar[], finer: number, performance: MidiPerformance): void {
  const place = (part: PartDraft, tick: number, change: { tick: number }) => {
    const at = tick * finer;
    let index = barAt(bars, at);
    const bar = bars[index] ?? { start: 0, end: 0 };
    if (at >= bar.end) index = bars.length - 1;
    const cell = part.cells[index];
    if (!cell) return;
    cell.cursor = Math.min(at, bar.end) - bar.start;
    builder.addChange(cell, change);
  };
  for (const part of builder.parts) {
    for (const { tick, beats, beatType } of performance.times) {
      const time = { tick: 0, staff: 0, groups: [{ beats: String(beats), beatType }] };
      place(part, tick, time);
      part.times.push(time);
    }
    for (const { tick, fifths, mode } of part.channel === percussionChannel ? [] : performance.keys) {
      const key = { tick: 0, staff: 0, fifths, mode, alterations: [] };
      place(part, tick, key);
      part.keys.push(key);
    }
  }
  const [first] = builder.parts;
  for (const { tick, microsecondsPerQuarter } of performance.tempos) {
    const tempo = { tick: 0, quartersPerMinute: 60e6 / microsecondsPerQuarter };
    if (!first) return;
    place(first, tick, tempo);
    builder.tempos.push(tempo);
  }
}

function barAt(bars: readonly Bar[], tick: number): number {
  let [low, high] = [0, bars.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((bars[middle]?.start ?? 0) <= tick) low = middle;
    else high = middle - 1;
  }
  return low;
}
