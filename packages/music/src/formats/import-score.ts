/**
 * Parses an upload of any supported format into a score. It never keeps more than the limits in
 * memory.
 */
import { exactSize } from '@encore/kit/exact-size';
import type { Score } from '../model/score.ts';
import { type ScoreLimits, tooLarge, unsupported } from '../model/score-limits.ts';
import { concatBytes } from './bytes.ts';
import { detectFormat, headBytes } from './format.ts';
import { readMidi } from './midi/midi-reader.ts';
import { unwrapMidi } from './midi/midi-riff.ts';
import { MusicxmlReader } from './musicxml/musicxml-reader.ts';
import { readMxl } from './musicxml/mxl-archive.ts';
import { XmlText } from './musicxml/xml-text.ts';

/** Throws UNSUPPORTED_FORMAT, MALFORMED_SCORE or SCORE_TOO_LARGE. */
export async function importScore(bytes: AsyncIterable<Uint8Array>, limits: ScoreLimits): Promise<Score> {
  const upload = await takeHead(limitBytes(bytes, limits.maxBytes));
  const isArchive = detectFormat(upload.head) === 'mxl';
  const { head, rest } = isArchive ? await takeHead(readMxl(await collect(upload.rest), limits)) : upload;
  const format = detectFormat(head);
  if (format === 'musicxml') return readMusicxml(rest, limits);
  if (format === 'midi') return readMidi(unwrapMidi(await collect(rest)), limits);
  throw unsupported('the file must be MusicXML, compressed MusicXML or Standard MIDI');
}

async function readMusicxml(bytes: AsyncIterable<Uint8Array>, limits: ScoreLimits): Promise<Score> {
  const reader = new MusicxmlReader(limits);
  const text = new XmlText();
  for await (const chunk of bytes) {
    for (const piece of text.decode(chunk)) reader.write(piece);
  }
  reader.write(text.end());
  return reader.end();
}

async function* limitBytes(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge('the size', exactSize(maxBytes));
    yield chunk;
  }
}

/** Returns enough of the beginning to detect the format, and all bytes including that beginning. */
async function takeHead(
  bytes: AsyncGenerator<Uint8Array> | Generator<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncGenerator<Uint8Array> }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < headBytes) {
    const { value, done } = await bytes.next();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  const head = chunks.length === 1 && chunks[0] ? chunks[0] : concatBytes(chunks);
  return { head, rest: continueAfter(head, bytes) };
}

async function* continueAfter(
  head: Uint8Array,
  bytes: AsyncGenerator<Uint8Array> | Generator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield* bytes;
}

/** For formats that need the whole file: the directory of a ZIP file is at its end. */
async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(await Array.fromAsync(bytes));
}
