/**
 * Writes a score as Standard MIDI, format 1: a conductor track, then one track per part. MIDI keeps
 * only note-on and note-off times. It has no spelling, voices, grace notes or repeats (which are
 * expanded), and at most 32767 ticks per quarter note.
 */
import { type MidiEvent, writeMidi } from 'midi-file';
import { UNPITCHED } from '../../model/note-columns.ts';
import { performedScore } from '../../model/performed-score.ts';
import { fifthsOfInterval } from '../../model/pitch.ts';
import { greatestCommonDivisor, leastCommonMultiple } from '../../model/rational.ts';
import { type Measure, type Part, type Score, signaturesOf, type TimeSignature } from '../../model/score.ts';
import { soundingNotesOfPart } from '../../model/sounding-notes.ts';
import { percussionChannel } from './midi-performance.ts';

/** Used if the exact resolution is too fine; divisible by 2 to 10 and by 16. */
const roundedTicks = 10_080;
const headerBytes = 14;

interface TimedEvent {
  tick: number;
  /** Order within a tick: note-offs before note-ons. */
  order: number;
  event: MidiEvent;
}

export function* writeStandardMidi(written: Score): Generator<Uint8Array> {
  const score = performedScore(written);
  const ticks = midiResolution(score);
  const scale = ticks / score.ticksPerQuarter;
  const header = { format: 1 as const, numTracks: score.parts.length + 1, ticksPerBeat: ticks };
  const end = Math.round(lengthOf(score) * scale);
  const conductor = writeMidi({ header, tracks: [track(conductorEvents(score), scale, end)] });
  // The library writes the number of tracks it gets; the file has one more per part.
  conductor[10] = header.numTracks >> 8;
  conductor[11] = header.numTracks & 0xff;
  yield Uint8Array.from(conductor);
  const channels = assignChannels(score);
  for (let index = 0; index < score.parts.length; index++) {
    const events = partEvents(score, index, channels[index] ?? 0);
    yield Uint8Array.from(writeMidi({ header, tracks: [track(events, scale, end)] }).slice(headerBytes));
  }
}

export function midiResolution({ ticksPerQuarter }: Score): number {
  return ticksPerQuarter <= 32_767 ? ticksPerQuarter : roundedTicks;
}

function lengthOf({ measures }: Score): number {
  const last = measures.at(-1);
  return last ? last.start + last.length : 0;
}

function track(events: TimedEvent[], scale: number, end: number): MidiEvent[] {
  for (const event of events) event.tick = Math.round(event.tick * scale);
  events.sort((a, b) => a.tick - b.tick || a.order - b.order);
  let now = 0;
  for (const { tick, event } of events) {
    event.deltaTime = tick - now;
    now = tick;
  }
  const endOfTrack: MidiEvent = { deltaTime: Math.max(0, end - now), meta: true, type: 'endOfTrack' };
  return [...events.map(({ event }) => event), endOfTrack];
}

function meta(tick: number, order: number, event: Record<string, unknown> & { type: string }): TimedEvent {
  return { tick, order, event: { deltaTime: 0, meta: true, ...event } as unknown as MidiEvent };
}

function conductorEvents(score: Score): TimedEvent[] {
  const events: TimedEvent[] = [];
  if (score.title !== '') events.push(meta(0, 0, { type: 'trackName', text: latin(score.title) }));
  for (const { tick, quartersPerMinute } of score.tempos) {
    const microsecondsPerBeat = Math.min(0xffffff, Math.max(1, Math.round(60e6 / quartersPerMinute)));
    events.push(meta(tick, 1, { type: 'setTempo', microsecondsPerBeat }));
  }
  for (const { tick, numerator, denominator } of writtenTimes(score)) {
    events.push(meta(tick, 2, { type: 'timeSignature', numerator, denominator, metronome: 24, thirtyseconds: 8 }));
  }
  const keyed = score.parts.find((part) => part.keys.length > 0);
  for (const { tick, fifths, mode } of keyed?.keys ?? []) {
    const [transposition] = keyed?.transposes ?? [];
    const shift = transposition ? fifthsOfInterval(transposition.diatonic, transposition.chromatic) : 0;
    if (fifths === null || Math.abs(fifths + shift) > 7) continue;
    events.push(meta(tick, 3, { type: 'keySignature', key: fifths + shift, scale: mode === 'minor' ? 1 : 0 }));
  }
  return events;
}

/** The time signatures that produce the given measures; a pickup has its own. */
export function writtenTimes(score: Score): { tick: number; numerator: number; denominator: number }[] {
  const times: { tick: number; numerator: number; denominator: number }[] = [];
  const signatures = signaturesOf(score, 'times');
  let next = 0;
  let signature: TimeSignature | undefined;
  for (const measure of score.measures) {
    for (let change = signatures[next]; change && change.tick <= measure.start; change = signatures[++next]) {
      signature = change;
    }
    const time = timeOfMeasure(measure, signature, score.ticksPerQuarter);
    const last = times.at(-1);
    if (!time || (last?.numerator === time.numerator && last.denominator === time.denominator)) continue;
    times.push({ tick: measure.start, ...time });
  }
  return times;
}

/** Null if MIDI cannot represent this length. */
function timeOfMeasure(
  { length }: Measure,
  signature: TimeSignature | undefined,
  ticksPerQuarter: number,
): { numerator: number; denominator: number } | null {
  const wholes = 4 * ticksPerQuarter;
  const lowest = wholes / greatestCommonDivisor(length, wholes);
  const written = Math.max(1, ...(signature?.groups ?? [{ beatType: 4 }]).map(({ beatType }) => beatType));
  const denominator = leastCommonMultiple(lowest, written);
  const numerator = (length * denominator) / wholes;
  const usable = denominator <= 64 && Number.isInteger(Math.log2(denominator)) && numerator <= 255;
  return usable ? { numerator, denominator } : null;
}

const melodicChannels = Array.from({ length: 16 }, (_, channel) => channel).filter((one) => one !== percussionChannel);

/**
 * Assigns a channel to each part, preferably the one from its file. Parts on a shared channel would
 * change each other's instrument and end each other's notes, so parts share a channel only if there
 * are more than fifteen, and then with parts of the same instrument.
 */
function assignChannels(score: Score): number[] {
  const melodic = score.parts.filter((part) => !isPercussion(score, part));
  const channels = new Map<Part, number>();
  const used = new Map<number, number>();
  const give = (part: Part, channel: number) => {
    channels.set(part, channel);
    used.set(channel, (used.get(channel) ?? 0) + 1);
  };
  const own = ({ channel }: Part) => channel !== null && channel !== percussionChannel && !used.has(channel);
  // The first part of each instrument goes first, so that each instrument gets a channel if
  // possible.
  const first = melodic.filter((part, i) => melodic.findIndex(({ program }) => program === part.program) === i);
  for (const group of [first, melodic]) {
    for (const part of group) if (!channels.has(part) && own(part)) give(part, part.channel ?? 0);
    for (const part of group) {
      if (channels.has(part)) continue;
      const free = melodicChannels.find((channel) => !used.has(channel));
      const alike = [...channels].filter(([{ program }]) => program === part.program).map(([, channel]) => channel);
      give(part, free ?? leastUsed(alike.length > 0 ? alike : melodicChannels, used));
    }
  }
  return score.parts.map((part) => channels.get(part) ?? percussionChannel);
}

function leastUsed(channels: readonly number[], used: ReadonlyMap<number, number>): number {
  return channels.reduce((best, one) => ((used.get(one) ?? 0) < (used.get(best) ?? 0) ? one : best));
}

function isPercussion({ notes }: Score, part: Part): boolean {
  return part.to > part.from && notes.kind.subarray(part.from, part.to).every((kind) => kind === UNPITCHED);
}

function partEvents(score: Score, index: number, channel: number): TimedEvent[] {
  const part = score.parts[index];
  const events: TimedEvent[] = [];
  if (!part) return events;
  if (part.name !== '') events.push(meta(0, 0, { type: 'trackName', text: latin(part.name) }));
  if (part.program !== null) {
    events.push({
      tick: 0,
      order: 1,
      event: { deltaTime: 0, type: 'programChange', channel, programNumber: part.program },
    });
  }
  const play = (onset: number, end: number, noteNumber: number, noteChannel: number) => {
    if (noteNumber < 0 || noteNumber > 127) return;
    const note = { deltaTime: 0, channel: noteChannel, noteNumber };
    events.push({ tick: onset, order: 3, event: { ...note, type: 'noteOn', velocity: 80 } });
    events.push({ tick: end, order: 2, event: { ...note, type: 'noteOff', velocity: 0 } });
  };
  for (const { onset, end, midi } of soundingNotesOfPart(score, index)) play(onset, end, midi, channel);
  // An instrument without a percussion key sounds as a snare drum.
  for (const { onset, end, midi } of soundingNotesOfPart(score, index, UNPITCHED)) {
    play(onset, end, midi || 38, percussionChannel);
  }
  return events;
}

/** midi-file writes one byte per character, so this passes the UTF-8 bytes as characters. */
function latin(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}
