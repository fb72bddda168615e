/** Encodes a score as a file, piece by piece. */

import type { Score } from '../model/score.ts';
import { writeJson } from './json-writer.ts';
import { writeStandardMidi } from './midi/midi-writer.ts';
import { writeMusicxml } from './musicxml/musicxml-writer.ts';

export type ExportFormat = 'musicxml' | 'midi' | 'json';

export async function* exportScore(score: Score, format: ExportFormat): AsyncGenerator<Uint8Array> {
  if (format === 'midi') yield* writeStandardMidi(score);
  else yield* encode(format === 'musicxml' ? writeMusicxml(score) : writeJson(score));
}

const pieceLength = 65_536;

function* encode(pieces: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let buffer = '';
  for (const piece of pieces) {
    buffer += piece;
    if (buffer.length < pieceLength) continue;
    yield encoder.encode(buffer);
    buffer = '';
  }
  if (buffer !== '') yield encoder.encode(buffer);
}
