/**
 * MIDI files for the chord analysis: one that costs it a minute or more and other requests almost
 * nothing, and one that is cheap. Chords are named at each onset from all notes that sound there,
 * so the work is the product of held and played notes.
 *
 *   held     ───────────────────────────────────────  `held` notes over the whole length
 *   played   ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─   `played` short notes, each an onset
 *
 * Everything is within one measure: a bar line would split and tie each held note, which costs the
 * reader memory.
 */
const lowestKey = 21;
const keys = 88;
const velocity = 64;
const ticksPerQuarter = 0x7800;

/**
 * 290 kB. `number` makes the content unique, because a server may quarantine a document that killed
 * its worker.
 */
export const slowScore = (number: number): Buffer => clusterScore(40_000, 16_000, number);

export const quickScore = (): Buffer => clusterScore(3, 4, 0);

function clusterScore(held: number, played: number, number: number): Buffer {
  const track: number[] = [];
  const heldKey = (index: number) => lowestKey + (index % keys);
  // Running status: only the first event of a kind has a status byte.
  for (let i = 0; i < held; i += 1) track.push(0, ...(i === 0 ? [0x90] : []), heldKey(i), velocity);
  for (let i = 0; i < played; i += 1) {
    const key = lowestKey + ((i * 7 + number * 13) % keys);
    track.push(0, ...(i === 0 ? [0x91] : []), key, velocity, 2, key, 0);
  }
  for (let i = 0; i < held; i += 1) track.push(0, ...(i === 0 ? [0x90] : []), heldKey(i), 0);
  track.push(0, 0xff, 0x2f, 0);
  const head = Buffer.from('MThd\0\0\0\x06\0\0\0\x01\0\0MTrk\0\0\0\0', 'latin1');
  head.writeUInt16BE(ticksPerQuarter, 12);
  head.writeUInt32BE(track.length, 18);
  return Buffer.concat([head, Buffer.from(track)]);
}
