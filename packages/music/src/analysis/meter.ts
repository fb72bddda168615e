/** Divides a piece into beats: three eighths in 6/8, a quarter in 3/4. */
import { type Score, signaturesOf, type TimeSignature } from '../model/score.ts';

export interface Beat {
  tick: number;
  end: number;
  measure: number;
  /** The first beat of a measure, and the middle one if the number of beats is even. */
  strong: boolean;
}

export function beatsOf(score: Score): Beat[] {
  const beats: Beat[] = [];
  const signatures = signaturesOf(score, 'times');
  let next = 0;
  let signature: TimeSignature | undefined;
  for (const [measure, { start, length, pickup }] of score.measures.entries()) {
    for (let change = signatures[next]; change && change.tick <= start; change = signatures[++next]) signature = change;
    const beat = beatTicks(signature, score.ticksPerQuarter);
    const count = Math.max(1, Math.ceil(length / beat));
    for (let i = 0; i < count; i++) {
      const tick = start + i * beat;
      const strong = !pickup && (i === 0 || (count % 2 === 0 && i === count / 2));
      beats.push({ tick, end: Math.min(tick + beat, start + length), measure, strong });
    }
  }
  return beats;
}

function beatTicks(signature: TimeSignature | undefined, ticksPerQuarter: number): number {
  const [group] = signature?.groups ?? [];
  if (!group) return ticksPerQuarter;
  const unit = (4 * ticksPerQuarter) / group.beatType;
  const count = Number(group.beats);
  const compound = group.beatType >= 8 && count > 3 && count % 3 === 0;
  // Three eighths are one beat, other eighth notes are paired, and a half note is one beat.
  if (compound || (group.beatType >= 8 && count === 3)) return unit * 3;
  return Math.max(ticksPerQuarter, unit);
}
