/**
 * Detects the format of a score by its content, because file names and content types are
 * unreliable.
 */
import { isWrappedMidi } from './midi/midi-riff.ts';

export type ScoreFormat = 'musicxml' | 'mxl' | 'midi';

/** How many bytes the detection reads. */
export const headBytes = 4096;

export function detectFormat(head: Uint8Array): ScoreFormat | null {
  if (startsWith(head, 'MThd') || isWrappedMidi(head)) return 'midi';
  if (startsWith(head, 'PK\u0003\u0004')) return 'mxl';
  const encoding = detectUnicode(head) ?? 'utf-8';
  const text = new TextDecoder(encoding).decode(head.subarray(0, headBytes)).replace(/^[\uFEFF\s]*/, '');
  if (!text.startsWith('<')) return null;
  const root = firstElement(text);
  if (root === 'score-partwise' || root === 'score-timewise') return 'musicxml';
  // A long comment or DOCTYPE may push the root element beyond the head; the reader checks it
  // again.
  return root === '' ? 'musicxml' : null;
}

/** Detects Unicode by a byte order mark, or by "<" in two-byte characters. */
export function detectUnicode(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  const [a = 0, b = 0, c = 0] = head;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)) return 'utf-16be';
  return null;
}

function startsWith(head: Uint8Array, magic: string): boolean {
  return head.length >= magic.length && [...magic].every((char, i) => head[i] === char.charCodeAt(0));
}

/**
 * The name of the first element, or '' if the text ends before it. Uses positions, because a
 * pattern could backtrack.
 */
function firstElement(text: string): string {
  let at = 0;
  for (;;) {
    at = text.indexOf('<', at);
    if (at < 0) return '';
    const end = endOfMisc(text, at);
    if (end === at) return /^[^\s/>]*/.exec(text.slice(at + 1, at + 65))?.[0] ?? '';
    if (end < 0) return '';
    at = end;
  }
}

/**
 * The end of the comment, processing instruction or DOCTYPE at `at`; `at` if there is none, -1 if
 * it does not end.
 */
function endOfMisc(text: string, at: number): number {
  if (text.startsWith('<!--', at)) return after(text, '-->', at + 4);
  if (text.startsWith('<?', at)) return after(text, '?>', at + 2);
  if (!text.startsWith('<!', at)) return at;
  const subset = text.indexOf('[', at);
  const close = text.indexOf('>', at);
  if (subset >= 0 && subset < close) return after(text, ']', at) < 0 ? -1 : after(text, '>', after(text, ']', at));
  return close < 0 ? -1 : close + 1;
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? -1 : found + mark.length;
}
