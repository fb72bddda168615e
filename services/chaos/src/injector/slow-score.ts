/**
 * MIDI files for the chord analysis: one that costs it a minute or more and everybody else a blink, and one that costs nothing.
 * Chords are named at each onset from all that sounds there, so the work is the product of what is held and what is played.
 *
 *   held     ───────────────────────────────────────  a cluster of `held` notes from the first tick to the last
 *   played   ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─   `played` short notes, each of which is an onset
 *
 * All within one measure: at a bar line each held note would be split and tied, which costs the reader memory instead.
 */
const lowestKey = 21;
const keys = 88;
const velocity = 64;
const ticksPerQuarter = 0x7800;

/** 290 kB. The number makes the content another one, as a server may refuse a document that it has learnt to fear. */
export const slowScore = (number: number): Buffer => clusterScore(40_000, 16_000, number);

export const quickScore = (): Buffer => clusterScore(3, 4, 0);

function clusterScore(held: number, played: number, number: number): Buffer {
  const track: number[] = [];
  const heldKey = (index: number) => lowestKey + (index % keys);
  // Running status: only the first note of a kind says what it is.
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
