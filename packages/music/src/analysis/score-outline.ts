/**
 * Summarizes a piece: as counts, or as an outline with its length, the ranges of its parts, its
 * signatures and its tempos.
 */
import type { ScoreOutline } from '@encore/contracts';
import { PITCHED, UNPITCHED } from '../model/note-columns.ts';
import { nameOfPitch } from '../model/pitch.ts';
import { countPlayed } from '../model/play-order.ts';
import { type Part, type Score, signaturesOf, type TimeSignature } from '../model/score.ts';
import { defaultScoreLimits } from '../model/score-limits.ts';
import { placeOf, quarters } from './place.ts';

const defaultTempo = 120;

export interface ScoreSummary {
  parts: number;
  measures: number;
  notes: number;
  /** Omitted if there are none. */
  warnings?: string[];
}

/** Counts parts, measures and notes. Grace notes and percussion count as notes, rests do not. */
export function summarizeScore(score: Score): ScoreSummary {
  const { parts, measures, notes, warnings } = score;
  const counts = { parts: parts.length, measures: measures.length, notes: notes.count };
  return warnings.length === 0 ? counts : { ...counts, warnings };
}

export function outlineScore(score: Score): ScoreOutline {
  const { measures, parts, tempos } = score;
  const last = measures.at(-1);
  const length = last ? last.start + last.length : 0;
  const [first] = measures;
  return {
    title: score.title,
    composer: score.composer,
    measures: measures.length,
    measures_played: countPlayed(measures, defaultScoreLimits.maxMeasures),
    pickup: first?.pickup ? quarters(score, first.length) : null,
    quarters: quarters(score, length),
    seconds: secondsOf(score, length),
    notes: score.notes.count,
    parts: parts.map((one) => outlinePart(score, one)),
    key_signatures: signaturesOf(score, 'keys').map(({ tick, fifths }) => ({ ...placeOf(score, tick), fifths })),
    time_signatures: signaturesOf(score, 'times').map((time) => ({
      ...placeOf(score, time.tick),
      signature: nameOfTime(time),
    })),
    tempos: tempos.map(({ tick, quartersPerMinute }) => ({
      ...placeOf(score, tick),
      quarters_per_minute: quartersPerMinute,
    })),
    warnings: score.warnings,
  };
}

function nameOfTime({ groups }: TimeSignature): string {
  return groups.map(({ beats, beatType }) => `${beats}/${beatType}`).join(' + ') || 'senza misura';
}

function secondsOf({ tempos, ticksPerQuarter }: Score, length: number): number {
  let seconds = 0;
  let tick = 0;
  let tempo = defaultTempo;
  const walk = (to: number) => {
    seconds += ((to - tick) / ticksPerQuarter) * (60 / tempo);
    tick = to;
  };
  for (const change of tempos) {
    walk(change.tick);
    tempo = change.quartersPerMinute;
  }
  walk(length);
  return Math.round(seconds * 1000) / 1000;
}

function outlinePart({ notes }: Score, part: Part): ScoreOutline['parts'][number] {
  const voices = new Set<number>();
  let unpitched = 0;
  let [lowest, highest] = [-1, -1];
  for (let row = part.from; row < part.to; row++) {
    voices.add(notes.voice[row] ?? 1);
    if (notes.kind[row] === UNPITCHED) unpitched++;
    if (notes.kind[row] !== PITCHED) continue;
    const midi = notes.midi[row] ?? 0;
    if (lowest < 0 || midi < (notes.midi[lowest] ?? 0)) lowest = row;
    if (highest < 0 || midi > (notes.midi[highest] ?? 0)) highest = row;
  }
  const name = (row: number) => (row < 0 ? null : nameOfPitch(notes.fifths[row] ?? 0, notes.midi[row] ?? 0));
  return {
    id: part.id,
    name: part.name,
    notes: part.to - part.from,
    unpitched_notes: unpitched,
    voices: voices.size,
    staves: part.staves,
    lowest: name(lowest),
    highest: name(highest),
    transposing: part.transposes.some(({ chromatic, octaveChange }) => chromatic !== 0 || octaveChange !== 0),
  };
}
