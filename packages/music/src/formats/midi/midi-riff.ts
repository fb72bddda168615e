/**
 * Unwraps MIDI from a RIFF container (.rmi) or from behind a MacBinary header, which old Macs
 * wrote.
 */
import { malformed } from '../../model/score-limits.ts';

/** The MacBinary header begins with a zero; the file follows it. */
const macHeaderBytes = 128;

export function isWrappedMidi(head: Uint8Array): boolean {
  return isRiffMidi(head) || isMacMidi(head);
}

function isMacMidi(head: Uint8Array): boolean {
  return head[0] === 0 && nameAt(head, macHeaderBytes) === 'MThd';
}

function isRiffMidi(head: Uint8Array): boolean {
  return nameAt(head, 0) === 'RIFF' && nameAt(head, 8) === 'RMID';
}

/** Returns the MIDI file inside, or the bytes themselves if there is no container. */
export function unwrapMidi(bytes: Uint8Array): Uint8Array {
  if (isMacMidi(bytes)) return bytes.subarray(macHeaderBytes);
  if (!isRiffMidi(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > bytes.length) throw malformed('a RIFF chunk is longer than the file');
    if (nameAt(bytes, at) === 'data') {
      const inside = bytes.subarray(at + 8, at + 8 + length);
      if (nameAt(inside, 0) !== 'MThd') throw malformed('the RIFF file contains no Standard MIDI file');
      return inside;
    }
    // Chunks begin at even addresses.
    at += 8 + length + (length % 2);
  }
  throw malformed('the RIFF file has no data chunk');
}

function nameAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
