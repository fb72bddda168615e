/**
 * Decodes text in a MIDI file, which has no declared encoding. A byte order mark or a karaoke tag
 * (RP-026: {@LATIN}, {@JP}) decides; otherwise it is UTF-8 if valid, else Windows-1252.
 */
import { detectUnicode } from '../format.ts';

const mark = /^\{@(LATIN|JP)\}/;

export function midiText(bytes: Uint8Array): string {
  const marked = mark.exec(String.fromCharCode(...bytes.subarray(0, 16)));
  if (marked) {
    const encoding = marked[1] === 'JP' ? 'shift_jis' : 'windows-1252';
    return new TextDecoder(encoding).decode(bytes.subarray(marked[0].length));
  }
  const hasMark = (bytes[0] ?? 0) >= 0xef;
  const unicode = hasMark ? detectUnicode(bytes) : null;
  if (unicode !== null) return new TextDecoder(unicode).decode(bytes);
  try {
    // As a stream, because a long text may end inside a character.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
