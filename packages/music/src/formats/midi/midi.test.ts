import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import fc from 'fast-check';
import { type MidiEvent, parseMidi, writeMidi } from 'midi-file';
import { describe, it } from 'mocha';
import { nameOfPitch } from '../../model/pitch.ts';
import type { Score } from '../../model/score.ts';
import { soundingNotes } from '../../model/sounding-notes.ts';
import { fixtureScore } from '../../testing/fixture-score.ts';
import { differenceOfMidi } from '../../testing/midi-difference.ts';
import { codeOf, read } from '../../testing/read-fixture.ts';
import { exportScore } from '../export-score.ts';

const on = (deltaTime: number, noteNumber: number, channel = 0): MidiEvent => ({
  deltaTime,
  type: 'noteOn',
  channel,
  noteNumber,
  velocity: 64,
});
const off = (deltaTime: number, noteNumber: number, channel = 0): MidiEvent => ({
  deltaTime,
  type: 'noteOff',
  channel,
  noteNumber,
  velocity: 0,
});
const end = (deltaTime = 0): MidiEvent => ({ deltaTime, meta: true, type: 'endOfTrack' });
const time = (numerator: number, denominator: number, deltaTime = 0): MidiEvent => ({
  deltaTime,
  meta: true,
  type: 'timeSignature',
  numerator,
  denominator,
  metronome: 24,
  thirtyseconds: 8,
});
const key = (fifths: number, scale = 0): MidiEvent => ({
  deltaTime: 0,
  meta: true,
  type: 'keySignature',
  key: fifths,
  scale,
});

function file(tracks: MidiEvent[][], ticksPerBeat = 96): Uint8Array {
  return Uint8Array.from(writeMidi({ header: { format: 1, numTracks: tracks.length, ticksPerBeat }, tracks }));
}

function raw(track: readonly number[], division = 96, format = 0): Uint8Array {
  const length = [track.length >> 24, track.length >> 16, track.length >> 8, track.length].map((byte) => byte & 0xff);
  const header = [0x4d, 0x54, 0x68, 0x64, 0, 0, 0, 6, 0, format, 0, 1, division >> 8, division & 0xff];
  return Uint8Array.from([...header, 0x4d, 0x54, 0x72, 0x6b, ...length, ...track]);
}

function chunk(name: string, content: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from(name), length, content, Buffer.alloc(content.length % 2)]);
}

function riff(...chunks: Buffer[]): Uint8Array {
  return chunk('RIFF', Buffer.concat([Buffer.from('RMID'), ...chunks]));
}

async function midiOf(score: Score): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(exportScore(score, 'midi')));
}

function heard(score: Score): string[] {
  return soundingNotes(score).map(
    ({ onset, end: until, fifths, midi }) => `${nameOfPitch(fifths, midi)}:${onset}-${until}`,
  );
}

describe('MIDI import', () => {
  it('pairs note-ons and note-offs in order and ties notes over barlines', async () => {
    const score = await read(file([[time(2, 4), on(0, 60), on(96, 60), off(48, 60), off(96, 60), end()]]));
    assert.deepEqual(heard(score), ['C4:0-144', 'C4:96-240']);
    assert.deepEqual(
      score.measures.map(({ length }) => length),
      [192, 192],
    );
    assert.equal(score.notes.count, 3);
  });

  it('spells by the key signature, or by the pitches without one', async () => {
    const track = (signature: MidiEvent[]) => [
      ...signature,
      on(0, 61),
      off(96, 61),
      on(0, 66),
      off(96, 66),
      on(0, 68),
      off(96, 68),
      end(),
    ];
    assert.deepEqual(
      heard(await read(file([track([key(-5)])]))).map((name) => name.split(':')[0]),
      ['Db4', 'Gb4', 'Ab4'],
    );
    assert.deepEqual(
      heard(await read(file([track([key(7)])]))).map((name) => name.split(':')[0]),
      ['C#4', 'F#4', 'G#4'],
    );
    const minor = [60, 62, 63, 65, 67, 68, 71, 72].flatMap((number) => [on(0, number), off(96, number)]);
    const names = heard(await read(file([[...minor, end()]]))).map((name) => name.split(':')[0]);
    assert.deepEqual(names, ['C4', 'D4', 'Eb4', 'F4', 'G4', 'Ab4', 'B4', 'C5']);
  });

  it('creates a part per channel and reads percussion as unpitched', async () => {
    const score = await read(file([[on(0, 60, 0), on(0, 38, 9), off(96, 60, 0), off(0, 38, 9), end()]]));
    assert.deepEqual(
      score.parts.map(({ channel }) => channel),
      [0, 9],
    );
    assert.deepEqual(heard(score), ['C4:0-96']);
  });

  it('reads names, program, tempo and title, and refines ticks for barlines', async () => {
    const named = (text: string): MidiEvent => ({ deltaTime: 0, meta: true, type: 'trackName', text });
    const tempo: MidiEvent = { deltaTime: 0, meta: true, type: 'setTempo', microsecondsPerBeat: 400_000 };
    const program: MidiEvent = { deltaTime: 0, type: 'programChange', channel: 3, programNumber: 40 };
    const score = await read(
      file(
        [
          [named('Piece'), tempo, time(3, 8), end()],
          [named('Violin'), program, on(0, 60, 3), off(5, 60, 3), end()],
        ],
        1,
      ),
    );
    assert.deepEqual([score.title, score.parts[0]?.name, score.parts[0]?.program], ['Piece', 'Violin', 40]);
    assert.deepEqual(
      [score.ticksPerQuarter, score.measures[0]?.length, score.tempos[0]?.quartersPerMinute],
      [2, 3, 150],
    );
  });

  it('accepts trailing bytes, unknown chunks, and missing ends of tracks and notes', async () => {
    const track = raw([0, 0x90, 60, 64, 96, 64, 64, 96, 60, 0]);
    assert.deepEqual(heard(await read(Buffer.concat([track, Buffer.from([0])]))), ['C4:0-192', 'E4:96-192']);
    const unknown = Buffer.concat([track.subarray(0, 14), Buffer.from('XFIH\0\0\0\u0002ab'), track.subarray(14)]);
    assert.equal(heard(await read(unknown)).length, 2);
  });

  const tracks = (declared: number, ...contents: Uint8Array[]) => {
    const [first = Buffer.alloc(0), ...others] = contents.map((track) => Buffer.from(track));
    first.writeUInt16BE(declared, 10);
    return Buffer.concat([first, ...others.map((track) => track.subarray(14))]);
  };
  const endEvent = [0, 0xff, 0x2f, 0];
  const c4 = [0, 0x90, 60, 64, 96, 60, 0];
  const incomplete: [name: string, warning: string | undefined, notes: number, bytes: Uint8Array][] = [
    ['a complete file', undefined, 1, raw([...c4, ...endEvent])],
    [
      'a missing track',
      '1 of 3 tracks are missing',
      2,
      tracks(3, raw([...c4, ...endEvent]), raw([...c4, ...endEvent])),
    ],
    ['more tracks than declared', undefined, 2, tracks(1, raw([...c4, ...endEvent]), raw([...c4, ...endEvent]))],
    ['a track without an end', 'track 1: it has no end-of-track event, so music may be missing', 1, raw(c4)],
    [
      'music after the end',
      'track 1: 11 bytes after its end are not read',
      1,
      raw([...c4, ...endEvent, ...c4, ...endEvent]),
    ],
    [
      'a note without an end',
      'notes without a note-off, which end at the next note of their key or with their track: 1',
      1,
      raw([0, 0x90, 60, 64, 96, ...endEvent.slice(1)]),
    ],
    [
      'a tempo of 0',
      'track 1: a tempo with the bytes [0 0 0] is ignored, because they are not valid',
      1,
      raw([0, 0xff, 0x51, 3, 0, 0, 0, ...c4, ...endEvent]),
    ],
    [
      'a tempo of two bytes',
      'track 1: a tempo with the bytes [7 0] is ignored, because they are not valid',
      1,
      raw([0, 0xff, 0x51, 2, 7, 0, ...c4, ...endEvent]),
    ],
    [
      'a time signature of 3/128',
      'track 1: a time signature with the bytes [3 7 24 8] is ignored, because they are not valid',
      1,
      raw([0, 0xff, 0x58, 4, 3, 7, 24, 8, ...c4, ...endEvent]),
    ],
    [
      'a key signature of 12 sharps',
      'track 1: a key signature with the bytes [12 0] is ignored, because they are not valid',
      1,
      raw([0, 0xff, 0x59, 2, 12, 0, ...c4, ...endEvent]),
    ],
  ];
  for (const [name, warning, notes, bytes] of incomplete) {
    it(`${warning === undefined ? 'reads' : 'names what is lost in'} ${name}`, async () => {
      const score = await read(bytes);
      assert.deepEqual(score.warnings, warning === undefined ? [] : [warning]);
      assert.equal(score.notes.count, notes);
    });
  }

  it('finds the instrument of a part', async () => {
    const program = (programNumber: number, deltaTime = 0): MidiEvent => ({
      deltaTime,
      type: 'programChange',
      channel: 0,
      programNumber,
    });
    const programsOf = async (...contents: MidiEvent[][]) =>
      (await read(file(contents))).parts.map((part) => part.program);
    const played = [on(0, 60), off(96, 60)];
    assert.deepEqual(await programsOf([program(0), program(40), ...played, end()]), [40]);
    assert.deepEqual(await programsOf([program(40), end()], [...played, end()]), [40]);
    assert.deepEqual(await programsOf([program(40), end()], [program(73), ...played, end()]), [73]);
    assert.deepEqual(await programsOf([program(40, 48), end()], [...played, end()]), [null]);
    assert.deepEqual(await programsOf([program(40), ...played, program(73), ...played, end()]), [40]);
  });

  it('reads the file inside a RIFF container', async () => {
    const inside = raw([0, 0x90, 60, 64, 96, 60, 0, 0, 0xff, 0x2f, 0]);
    const info = chunk('LIST', Buffer.from('odd'));
    const wrapped = riff(info, chunk('data', inside), info);
    assert.deepEqual(await read(wrapped), await read(inside));
    assert.deepEqual(await read(wrapped, {}, 1), await read(inside));
  });

  it('reads a file behind a MacBinary header', async () => {
    const inside = raw([0, 0x90, 60, 64, 96, 60, 0, 0, 0xff, 0x2f, 0]);
    assert.deepEqual(await read(Buffer.concat([Buffer.alloc(128), inside])), await read(inside));
  });

  const interruptions: [name: string, bytes: number[]][] = [
    ['a meta event', [0xff, 0x01, 2, 0x25, 0x2b]],
    ['a lyric', [0xff, 0x05, 1, 0x41]],
    ['a system exclusive message', [0xf0, 3, 0x7e, 0x7f, 0xf7]],
    ['an escape', [0xf7, 1, 0xf8]],
    ['a clock', [0xf8]],
    ['active sensing', [0xfe]],
    ['a song position', [0xf2, 1, 2]],
    ['a song number', [0xf3, 1]],
    ['a tune request', [0xf6]],
  ];
  for (const [name, bytes] of interruptions) {
    it(`continues the running status after ${name}`, async () => {
      const score = await read(raw([0, 0x90, 60, 64, 48, ...bytes, 48, 60, 0, 0, 62, 64, 96, 62, 0, 0, 0xff, 0x2f, 0]));
      assert.deepEqual(heard(score), ['C4:0-96', 'D4:96-192']);
    });
  }

  it('gives notes without length a sixteenth note or less', async () => {
    const hit = (delta: number, key: number, channel = 9) => [on(delta, key, channel), off(0, key, channel)];
    const drums = await read(file([[...hit(0, 36), ...hit(48, 42), ...hit(12, 42), ...hit(0, 38), end()]]));
    assert.deepEqual([...drums.notes.onset], [0, 48, 60, 60]);
    assert.deepEqual([...drums.notes.duration], [24, 12, 24, 24]);
    assert.match(drums.warnings.join(), /notes without length, .*: 4$/);
    const pitched = await read(file([[...hit(0, 60, 0), on(0, 64), off(96, 64), ...hit(0, 64, 0), end()]]));
    assert.deepEqual(heard(pitched), ['C4:0-24', 'E4:0-96', 'E4:96-120']);
    assert.equal(differenceOfMidi(drums, await read(await midiOf(drums))), null);
    assert.deepEqual((await read(file([[on(0, 60), off(96, 60), end()]]))).warnings, []);
  });

  it('ends notes without a note-off at the next note of their key', async () => {
    const score = await read(raw([0, 0x90, 60, 64, 96, 62, 64, 96, 60, 64, 96, 0xff, 0x2f, 0]));
    assert.deepEqual(heard(score), ['C4:0-192', 'D4:96-288', 'C4:192-288']);
    assert.match(score.warnings.join(), /notes without a note-off, .*: 3$/);
    const hits = Array.from({ length: 3_000 }, () => [96, 36, 64]).flat();
    const drums = await read(raw([0, 0x99, 36, 64, ...hits, 0, 0xff, 0x2f, 0]));
    assert.deepEqual([drums.notes.count, drums.notes.duration[0], drums.notes.duration[3_000]], [3_001, 24, 24]);
  });

  it('spells a chord as a chord where the key would not', async () => {
    const chord = (keys: readonly number[]) => [
      ...keys.map((one) => on(0, one)),
      ...keys.map((one, i) => off(i === 0 ? 96 : 0, one)),
    ];
    /** After the tonic chord, by which the mode of the signature is recognized. */
    const spelled = async (fifths: number, scale: number, ...keys: number[]) => {
      const tonic = scale === 0 ? [60, 64, 67] : [60, 63, 67];
      const names = heard(await read(file([[key(fifths, scale), ...chord(tonic), ...chord(keys), end()]])));
      return names.slice(3).map((name) => name.split(':')[0]);
    };
    assert.deepEqual(await spelled(0, 0, 56, 60, 66), ['Ab3', 'C4', 'F#4']);
    assert.deepEqual(await spelled(0, 0, 52, 56, 59), ['E3', 'G#3', 'B3']);
    assert.deepEqual(await spelled(0, 0, 53, 56, 61), ['F3', 'Ab3', 'Db4']);
    assert.deepEqual(await spelled(0, 0, 57, 61, 64), ['A3', 'C#4', 'E4']);
    assert.deepEqual(await spelled(0, 0, 59, 63, 66), ['B3', 'D#4', 'F#4']);
    assert.deepEqual(await spelled(-3, 1, 56, 59, 63), ['Ab3', 'Cb4', 'Eb4']);
    assert.deepEqual(await spelled(0, 0, 56, 60), ['G#3', 'C4']);
  });

  it('spells by the relative minor key if the notes fit it better', async () => {
    const minor = [57, 64, 63, 64, 69, 68, 57].flatMap((one) => [on(0, one), off(96, one)]);
    const names = heard(await read(file([[key(0), ...minor, end()]]))).map((name) => name.split(':')[0]);
    assert.deepEqual(names, ['A3', 'E4', 'D#4', 'E4', 'A4', 'G#4', 'A3']);
  });

  const names: [name: string, bytes: number[] | Buffer, text: string][] = [
    ['ASCII', Buffer.from('Plain'), 'Plain'],
    ['UTF-8', Buffer.from('Für Elise ♭'), 'Für Elise ♭'],
    ['Windows-1252', Buffer.from('F\xfcr Elise \xa9 2008 \x96 \x93x\x94', 'latin1'), 'Für Elise © 2008 – “x”'],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFFür'), 'Für'],
    ['little-endian UTF-16', Buffer.from('\uFEFFFür', 'utf16le'), 'Für'],
    ['big-endian UTF-16', Buffer.from('\uFEFFFür', 'utf16le').swap16(), 'Für'],
    ['little-endian UTF-16 without a byte order mark', Buffer.from('Für Elise', 'utf16le'), 'Für Elise'],
    ['big-endian UTF-16 without a byte order mark', Buffer.from('Für', 'utf16le').swap16(), 'Für'],
    ['ASCII that ends with zeros', Buffer.from('Plain\0\0\0'), 'Plain'],
    ['Windows-1252 with an accent at its end', Buffer.from('Caf\xe9', 'latin1'), 'Café'],
    ['tagged Latin', Buffer.from('{@LATIN}F\xfcr', 'latin1'), 'Für'],
    ['tagged Japanese', Buffer.concat([Buffer.from('{@JP}'), Buffer.from([0x83, 0x41])]), 'ア'],
    ['UTF-8 above the maximum length', Buffer.from(`a${'é'.repeat(4_000)}`), `a${'é'.repeat(1_023)}`],
  ];
  for (const [name, bytes, text] of names) {
    it(`reads a name in ${name}`, async () => {
      const title = [0, 0xff, 3, 0x80 + (bytes.length >> 7), bytes.length & 127, ...bytes];
      const score = await read(raw([...title, 0, 0x90, 60, 64, 96, 60, 0, 0, 0xff, 0x2f, 0]));
      assert.equal(score.parts[0]?.name, text);
    });
  }

  it('keeps unisons that cross a barline separate', async () => {
    const score = await read(file([[on(288, 69), on(0, 69), off(96, 69), on(0, 69), off(96, 69), off(0, 69), end()]]));
    assert.deepEqual(heard(score), ['A4:288-384', 'A4:288-480', 'A4:384-480']);
  });

  const bomb = raw([0, 0x90, 60, 64, 0xff, 0xff, 0xff, 0x7f, 0x80, 60, 0, 0, 0xff, 0x2f, 0], 1);
  const refused: [string, string, Uint8Array][] = [
    [`a bomb of ${bomb.length} bytes`, '413 SCORE_TOO_LARGE', bomb],
    ['too many measures', '413 SCORE_TOO_LARGE', file([[time(1, 64), on(0, 60), off(96 * 60_000, 60), end()]])],
    ['division 0', '422 MALFORMED_SCORE', raw([0, 0xff, 0x2f, 0], 0)],
    ['frames', '415 UNSUPPORTED_FORMAT', raw([0, 0xff, 0x2f, 0], 0xe728)],
    ['format 2', '415 UNSUPPORTED_FORMAT', raw([0, 0xff, 0x2f, 0], 96, 2)],
    ['a number of five bytes', '422 MALFORMED_SCORE', raw([0x8f, 0xff, 0xff, 0xff, 0x78])],
    [
      'a length that overflows to a negative number',
      '422 MALFORMED_SCORE',
      raw([0, 0xff, 1, 0x8f, 0xff, 0xff, 0xff, 0x78]),
    ],
    [
      'a small number in five bytes',
      '422 MALFORMED_SCORE',
      raw([0x80, 0x80, 0x80, 0x80, 0x01, 0x90, 60, 64, 1, 60, 0]),
    ],
    ['a running status without a status', '422 MALFORMED_SCORE', raw([0, 60, 64])],
    ['a short header', '422 MALFORMED_SCORE', Uint8Array.from([0x4d, 0x54, 0x68, 0x64, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0])],
    ['no tracks', '422 MALFORMED_SCORE', raw([]).subarray(0, 14)],
    ['an empty track', '422 MALFORMED_SCORE', raw([])],
    ['a track longer than the file', '422 MALFORMED_SCORE', raw([0, 0x90, 60, 64]).subarray(0, -1)],
    ['a truncated event', '422 MALFORMED_SCORE', raw([0, 0x90, 60])],
    ['a RIFF container without data', '422 MALFORMED_SCORE', riff(chunk('LIST', bomb))],
    ['a RIFF container of something else', '422 MALFORMED_SCORE', riff(chunk('data', Buffer.from('PK')))],
    ['a RIFF chunk longer than the file', '422 MALFORMED_SCORE', riff(chunk('data', bomb)).subarray(0, -2)],
    ['a bomb in a RIFF container', '413 SCORE_TOO_LARGE', riff(chunk('data', bomb))],
    ['a data byte over 127', '422 MALFORMED_SCORE', raw([0, 0x90, 200, 1])],
  ];
  for (const [name, expected, bytes] of refused) {
    it(`refuses ${name}: ${expected}`, async () => assert.equal(await codeOf(read(bytes)), expected));
  }

  it('refuses a piece that is too long in few measures', async () => {
    const long = file([[time(64, 4), on(0, 60), off(96 * 120, 60), end()]]);
    assert.equal(await codeOf(read(long, { maxQuarters: 100 })), '413 SCORE_TOO_LARGE');
    assert.equal((await read(long)).measures.length, 2);
  });

  it('returns a score or a typed error for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 }), async (bytes) => {
        try {
          await read(raw(bytes));
        } catch (error) {
          assert.ok(error instanceof EncoreError, String(error));
        }
      }),
    );
  });
});

describe('MIDI export', () => {
  const text = ['C4+E4:1 r:1/2 F#4:1/3 Bb4:1/6~ Bb4:2 | r:4 | C5:4', 'r:2 G3:2~ | G3:4 | C3:4'];

  it('writes MIDI that another library reads', async () => {
    const bytes = Buffer.concat(await Array.fromAsync(exportScore(fixtureScore(text, { fifths: 1 }), 'midi')));
    const parsed = parseMidi(bytes);
    assert.deepEqual([parsed.header.format, parsed.header.ticksPerBeat, parsed.tracks.length], [1, 5040, 3]);
    const ons = parsed.tracks[2]?.filter(({ type }) => type === 'noteOn');
    assert.equal(ons?.length, 2);
  });

  it('strikes a drum once for a note that is tied over a barline', async () => {
    const drum = [on(288, 38, 9), off(192, 38, 9), on(0, 42, 9), off(96, 42, 9), end()];
    const score = await read(file([drum]));
    assert.equal(score.notes.count, 3);
    const bytes = await midiOf(score);
    const struck = parseMidi(bytes).tracks.flat();
    assert.deepEqual(
      struck.flatMap((event) => (event.type === 'noteOn' ? [event.noteNumber] : [])),
      [38, 42],
    );
    assert.equal(differenceOfMidi(score, await read(bytes)), null);
  });

  it('exports MIDI that imports as the same music', async () => {
    const score = fixtureScore(text, { fifths: 1 });
    const again = await read(Buffer.concat(await Array.fromAsync(exportScore(score, 'midi'))));
    assert.equal(differenceOfMidi(score, again), null);
    assert.deepEqual(
      again.measures.map(({ length }) => length),
      score.measures.map(({ length }) => length),
    );
    assert.equal(again.parts[0]?.keys[0]?.fifths, 1);
  });

  const channelsOf = async (...parts: [program: number | null, channel: number | null][]) => {
    const score = fixtureScore(parts.map((_, i) => (i % 2 === 0 ? 'C4:4' : 'C4:1 E4:3')));
    for (const [i, [program, channel]] of parts.entries()) Object.assign(score.parts[i] ?? {}, { program, channel });
    const [, ...tracks] = parseMidi(await midiOf(score)).tracks;
    return tracks.map((track) => track.flatMap((event) => (event.type === 'noteOn' ? [event.channel] : []))[0]);
  };

  it('assigns separate channels to parts that share one', async () => {
    assert.deepEqual(await channelsOf([73, 0], [42, 0]), [0, 1]);
    assert.deepEqual(await channelsOf([73, 3], [73, 3], [42, null]), [3, 1, 0]);
    assert.deepEqual(await channelsOf([73, null], [42, 0]), [1, 0]);
    assert.deepEqual(await channelsOf([73, 9], [42, 9]), [0, 1]);
    assert.deepEqual(await channelsOf([null, 5], [null, 6]), [5, 6]);
  });

  it('shares channels by instrument if there are more than 15 parts', async () => {
    const strings = Array.from({ length: 18 }, (): [number, number] => [48, 0]);
    const channels = await channelsOf(...strings, [73, 0], [42, 0]);
    assert.equal(new Set(channels).size, 15);
    assert.ok(!channels.includes(9));
    const [flute, cello] = channels.slice(-2);
    assert.equal(channels.filter((channel) => channel === flute || channel === cello).length, 2);
  });

  it('detects a difference', () => {
    assert.notEqual(differenceOfMidi(fixtureScore(['C4:1 D4:3']), fixtureScore(['C4:1 D4:2 r:1'])), null);
    assert.notEqual(differenceOfMidi(fixtureScore(['C4:4']), fixtureScore(['C#4:4'])), null);
    assert.equal(differenceOfMidi(fixtureScore(['Db4:4']), fixtureScore(['C#4:2~ C#4:2'])), null);
  });
});
