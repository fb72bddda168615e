/**
 * Decodes text in a MIDI file, which has no declared encoding. A byte order mark or a karaoke tag
 * (RP-026: {@LATIN}, {@JP}) decides, or a zero in every other byte, as in UTF-16; otherwise it is
 * UTF-8 if valid, else Windows-1252.
 */
import { detectUnicode } from '../format.ts';

const mark = /^\{@(LATIN|JP)\}/;

/** Longer text is truncated. */
const maxBytes = 4096;

export function midiText(all: Uint8Array): string {
  const bytes = all.subarray(0, maxBytes);
  const marked = mark.exec(String.fromCharCode(...bytes.subarray(0, 16)));
  if (marked) {
    const encoding = marked[1] === 'JP' ? 'shift_jis' : 'windows-1252';
    return new TextDecoder(encoding).decode(bytes.subarray(marked[0].length));
  }
  const hasMark = (bytes[0] ?? 0) >= 0xef;
  const unicode = hasMark ? detectUnicode(bytes) : utf16WithoutMark(bytes);
  if (unicode !== null) return new TextDecoder(unicode).decode(bytes);
  try {
    // As a stream if it was truncated, which may have happened inside a character.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: all.length > maxBytes });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** Latin letters in UTF-16 have a zero in every other byte. */
function utf16WithoutMark(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (bytes.length < 4 || bytes.length % 2 === 1) return null;
  const zeros = (from: 0 | 1) => bytes.every((byte, i) => (i % 2 === from ? byte === 0 : byte !== 0));
  return zeros(1) ? 'utf-16le' : zeros(0) ? 'utf-16be' : null;
}
