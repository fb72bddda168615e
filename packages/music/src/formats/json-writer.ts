/** Writes a score as JSON: the whole model, with times in ticks. json-reader.ts reads it. */
import { PITCHED } from '../model/note-columns.ts';
import { nameOfStep } from '../model/pitch.ts';
import type { Measure, Part, Score } from '../model/score.ts';

export function* writeJson(score: Score): Generator<string> {
  const { title, composer, ticksPerQuarter } = score;
  const head = { format: 'encore-score', version: 1, title, composer, ticks_per_quarter: ticksPerQuarter };
  yield `${JSON.stringify(head).slice(0, -1)},"measures":[`;
  yield* list(score.measures, measureOf);
  yield '],"tempos":[';
  yield* list(score.tempos, ({ tick, quartersPerMinute }) =>
    JSON.stringify({ tick, quarters_per_minute: quartersPerMinute }),
  );
  yield '],"parts":[';
  for (const [index, part] of score.parts.entries()) {
    yield `${index > 0 ? ',' : ''}\n${partHead(part).slice(0, -1)},"notes":[`;
    for (let row = part.from; row < part.to; row++) {
      yield `${row > part.from ? ',' : ''}\n${noteOf(score, row)}`;
    }
    yield ']}';
  }
  yield ']}\n';
}

/** Omits repeats, endings and marks if there are none. */
function measureOf({ repeatStart, repeatTimes, endings, marks, ...measure }: Measure): string {
  return JSON.stringify({
    ...measure,
    ...(repeatStart ? { repeat_start: true } : {}),
    ...(repeatTimes === 0 ? {} : { repeat_times: repeatTimes }),
    ...(endings.length === 0 ? {} : { endings }),
    ...(marks.length === 0 ? {} : { marks }),
  });
}

function* list<T>(items: readonly T[], write: (item: T) => string): Generator<string> {
  for (const [index, item] of items.entries()) yield `${index > 0 ? ',' : ''}\n${write(item)}`;
}

function partHead(part: Part): string {
  const { id, name, program, channel, staves, times } = part;
  return JSON.stringify({
    id,
    name,
    program,
    channel,
    staves,
    keys: part.keys.map(({ tick, staff, fifths, mode, alterations }) => ({
      tick,
      staff,
      fifths,
      mode,
      alterations: alterations.map(({ step, alterCents }) => ({ step: nameOfStep(step), alter_cents: alterCents })),
    })),
    times: times.map(({ tick, staff, groups }) => ({
      tick,
      staff,
      groups: groups.map(({ beats, beatType }) => ({ beats, beat_type: beatType })),
    })),
    clefs: part.clefs.map(({ octaveChange, ...clef }) => ({ ...clef, octave_change: octaveChange })),
    transposes: part.transposes.map(({ octaveChange, ...transpose }) => ({
      ...transpose,
      octave_change: octaveChange,
    })),
  });
}

/** Omits default values (unaltered, not tied, not a grace note, pitched). */
function noteOf({ notes }: Score, row: number): string {
  const alterCents = notes.alterCents[row] ?? 0;
  const tie = notes.tie[row] ?? 0;
  const grace = notes.grace[row] ?? 0;
  const unpitched = notes.kind[row] !== PITCHED;
  return JSON.stringify({
    measure: notes.measure[row],
    onset: notes.onset[row],
    duration: notes.duration[row],
    step: nameOfStep(notes.step[row] ?? 0),
    ...(alterCents === 0 ? {} : { alter_cents: alterCents }),
    octave: notes.octave[row],
    midi: notes.midi[row],
    fifths: notes.fifths[row],
    voice: notes.voice[row],
    staff: notes.staff[row],
    ...(tie === 0 ? {} : { tie }),
    ...(grace === 0 ? {} : { grace }),
    ...(unpitched ? { unpitched } : {}),
  });
}
