/**
 * Parses Standard MIDI: the chunks of a file and the events of a track. It reports only events that
 * contribute to a score.
 *
 * The library midi-file was rejected for reading: it creates an object per event (hundreds of
 * megabytes for a few megabytes of input) and loops forever on a length of more than four bytes,
 * which becomes negative.
 */

import { malformed, unsupported } from '../../model/score-limits.ts';
import { midiText } from './midi-text.ts';

export interface MidiFile {
  format: number;
  ticksPerQuarter: number;
  tracks: Uint8Array[];
  /** The number of tracks in the header. */
  declaredTracks: number;
}

export interface MidiVisitor {
  noteOn(tick: number, channel: number, key: number): void;
  noteOff(tick: number, channel: number, key: number): void;
  program(tick: number, channel: number, program: number): void;
  tempo(tick: number, microsecondsPerQuarter: number): void;
  time(tick: number, beats: number, beatType: number): void;
  key(tick: number, fifths: number, mode: 'major' | 'minor'): void;
  name(text: string): void;
  end(tick: number): void;
  /** Something that the score lacks because it could not be read. */
  warn(message: string): void;
}

export function splitMidi(bytes: Uint8Array): MidiFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 14) throw malformed('the MIDI header is truncated');
  const headerLength = view.getUint32(4);
  if (headerLength < 6) throw malformed(`the MIDI header has ${headerLength} bytes; it must have at least 6`);
  const format = view.getUint16(8);
  const division = view.getUint16(12);
  if (format > 1) throw unsupported(`MIDI format ${format} is not supported, only 0 and 1`);
  if ((division & 0x8000) !== 0) throw unsupported('MIDI time in frames (SMPTE) is not supported');
  if (division === 0) throw malformed('the MIDI file has 0 ticks per quarter note');
  const tracks: Uint8Array[] = [];
  // Real files often end with a few extra bytes.
  for (let at = 8 + headerLength; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4);
    const isTrack = view.getUint32(at) === 0x4d54726b;
    if (isTrack && at + 8 + length > bytes.length) throw malformed('a MIDI track is longer than the file');
    if (isTrack) tracks.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  if (tracks.length === 0) throw malformed('the MIDI file has no tracks');
  return { format, ticksPerQuarter: division, tracks, declaredTracks: view.getUint16(10) };
}

export function readTrack(bytes: Uint8Array, visitor: MidiVisitor): void {
  const reader = new TrackReader(bytes);
  let tick = 0;
  /**
   * The running status. By the standard it ends at a meta event, but programs continue it, and
   * other readers accept that.
   */
  let running = 0;
  while (reader.at < bytes.length) {
    tick += reader.variableLength();
    const byte = reader.byte();
    if (byte >= 0xf0) {
      if (!readSystemEvent(reader, byte, tick, visitor)) continue;
      if (reader.at < bytes.length) visitor.warn(`${bytes.length - reader.at} bytes after its end are not read`);
      return;
    } else {
      if (byte >= 0x80) running = byte;
      else if (running === 0) throw malformed('a MIDI event has no status byte');
      readChannelEvent(running, byte >= 0x80 ? reader.data() : byte, reader, tick, visitor);
    }
  }
  visitor.warn('it has no end-of-track event, so music may be missing');
  visitor.end(tick);
}

function readChannelEvent(
  status: number,
  first: number,
  reader: TrackReader,
  tick: number,
  visitor: MidiVisitor,
): void {
  const channel = status & 0x0f;
  const kind = status >> 4;
  if (kind === 0x0c) visitor.program(tick, channel, first);
  // These two kinds have one data byte, all others two.
  if (kind === 0x0c || kind === 0x0d) return;
  const second = reader.data();
  if (kind === 0x09 && second > 0) visitor.noteOn(tick, channel, first);
  else if (kind === 0x09 || kind === 0x08) visitor.noteOff(tick, channel, first);
}

/** Returns true at the end of the track. */
function readSystemEvent(reader: TrackReader, status: number, tick: number, visitor: MidiVisitor): boolean {
  if (status === 0xf0 || status === 0xf7) {
    reader.bytes(reader.variableLength());
    return false;
  }
  if (status !== 0xff) {
    // Real-time messages, which some recorders store. Position, song and quarter frame have data
    // bytes; the others have none.
    reader.bytes(status === 0xf2 ? 2 : status === 0xf1 || status === 0xf3 ? 1 : 0);
    return false;
  }
  const type = reader.byte();
  const data = reader.bytes(reader.variableLength());
  const [a = 0, b = 0, c = 0] = data;
  if (type === 0x2f) {
    visitor.end(tick);
    return true;
  }
  if (type === 0x03) visitor.name(midiText(data));
  if (type === 0x51) {
    const microsecondsPerQuarter = a * 65_536 + b * 256 + c;
    if (data.length === 3 && microsecondsPerQuarter > 0) visitor.tempo(tick, microsecondsPerQuarter);
    else ignoreMeta('a tempo', data, visitor);
  }
  if (type === 0x58) {
    if (data.length >= 2 && a > 0 && b <= 6) visitor.time(tick, a, 2 ** b);
    else ignoreMeta('a time signature', data, visitor);
  }
  if (type === 0x59) {
    const fifths = a >= 0x80 ? a - 0x100 : a;
    if (data.length === 2 && fifths >= -7 && fifths <= 7) visitor.key(tick, fifths, b === 1 ? 'minor' : 'major');
    else ignoreMeta('a key signature', data, visitor);
  }
  return false;
}

function ignoreMeta(name: string, data: Uint8Array, visitor: MidiVisitor): void {
  visitor.warn(`${name} with the bytes [${data.subarray(0, 8).join(' ')}] is ignored, because they are not valid`);
}

class TrackReader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw malformed('a MIDI track ends inside an event');
    return byte;
  }

  data(): number {
    const byte = this.byte();
    if (byte >= 0x80) throw malformed('a MIDI data byte is above 127');
    return byte;
  }

  bytes(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw malformed('a MIDI event is longer than its track');
    const bytes = this.#bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  variableLength(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw malformed('a MIDI variable-length quantity has more than four bytes');
  }
}
