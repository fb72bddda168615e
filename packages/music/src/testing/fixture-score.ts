/**
 * Small scores for tests, written as text: `C4:1 E4+G4:1/2 r:1/2 | F#4:2~ ...`. A token is one or
 * more pitches, a colon and the length in quarter notes; `r` is a rest, `~` ties to the next note,
 * `|` is a barline. One string per part.
 */
import { PITCHED, TIE_START, TIE_STOP } from '../model/note-columns.ts';
import { stepOfName } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { finishScore } from '../model/score-assembly.ts';
import { type Cell, ScoreBuilder } from '../model/score-builder.ts';
import { defaultScoreLimits } from '../model/score-limits.ts';

export interface FixtureOptions {
  fifths?: number;
  time?: [beats: number, beatType: number];
}

const divisions = 5040;

export function fixtureScore(parts: readonly string[], { fifths, time = [4, 4] }: FixtureOptions = {}): Score {
  const builder = new ScoreBuilder(defaultScoreLimits);
  for (const [index, text] of parts.entries()) {
    const part = builder.addPart(`P${index + 1}`);
    part.divisions = divisions;
    const tied = new Set<string>();
    for (const [measure, content] of text.split('|').entries()) {
      const cell = builder.openCell(part, measure, String(measure + 1), false);
      if (measure === 0) {
        const signature = { tick: 0, staff: 0, groups: [{ beats: String(time[0]), beatType: time[1] }] };
        builder.addChange(cell, signature);
        part.times.push(signature);
        if (fifths !== undefined) {
          const key = { tick: 0, staff: 0, fifths, mode: null, alterations: [] };
          builder.addChange(cell, key);
          part.keys.push(key);
        }
      }
      for (const token of content.trim().split(/\s+/).filter(Boolean)) addToken(builder, cell, token, tied);
    }
  }
  return finishScore(builder);
}

function addToken(builder: ScoreBuilder, cell: Cell, token: string, tied: Set<string>): void {
  const match = /^(?<pitches>[^:]+):(?<above>\d+)(\/(?<below>\d+))?(?<tie>~?)$/.exec(token)?.groups;
  if (!match) throw new SyntaxError(`not a note: "${token}"`);
  const duration = (divisions * Number(match['above'])) / Number(match['below'] ?? 1);
  for (const name of (match['pitches'] ?? '').split('+')) {
    if (name === 'r') continue;
    const pitch = /^(?<step>[A-G])(?<alter>#*|b*)(?<octave>-?\d)$/.exec(name)?.groups;
    if (!pitch) throw new SyntaxError(`not a pitch: "${name}"`);
    const alter = pitch['alter'] ?? '';
    const tie = (tied.delete(name) ? TIE_STOP : 0) + (match['tie'] === '~' ? TIE_START : 0);
    if (match['tie'] === '~') tied.add(name);
    builder.addNote(cell, {
      onset: cell.cursor,
      duration,
      step: stepOfName(pitch['step'] ?? ''),
      alterCents: 100 * (alter.startsWith('b') ? -alter.length : alter.length),
      octave: Number(pitch['octave']),
      midi: 0,
      fifths: 0,
      kind: PITCHED,
      voice: 1,
      staff: 1,
      tie,
      grace: 0,
    });
  }
  builder.move(cell, duration);
}
