/** Reads the JSON that json-writer.ts writes. The schema defines the format. */
import { exactSize } from '@encore/kit/exact-size';
import { z } from 'zod';
import { PITCHED, UNPITCHED } from '../model/note-columns.ts';
import { stepOfName } from '../model/pitch.ts';
import { jumpMarks, type Score } from '../model/score.ts';
import { finishScore } from '../model/score-assembly.ts';
import { ScoreBuilder } from '../model/score-builder.ts';
import { malformed, type ScoreLimits, tooLarge } from '../model/score-limits.ts';

const ticks = z.number().int().min(0);
const small = z.number().int().min(-1000).max(1000);
const step = z.enum(['C', 'D', 'E', 'F', 'G', 'A', 'B']);
const change = { tick: ticks, staff: z.number().int().min(0).max(255) };

const noteSchema = z.object({
  measure: ticks,
  onset: ticks,
  duration: ticks,
  step,
  alter_cents: small.default(0),
  octave: small,
  midi: small,
  fifths: small,
  voice: z.number().int().min(0).max(65_535),
  staff: z.number().int().min(0).max(255),
  tie: z.number().int().min(0).max(3).default(0),
  grace: z.number().int().min(0).max(65_535).default(0),
  unpitched: z.boolean().default(false),
});

const partSchema = z.object({
  id: z.string(),
  name: z.string(),
  program: z.number().int().min(0).max(127).nullable(),
  channel: z.number().int().min(0).max(15).nullable(),
  staves: z.number().int().min(1).max(255),
  keys: z.array(
    z.object({
      ...change,
      fifths: small.nullable(),
      mode: z.string().nullable(),
      alterations: z.array(z.object({ step, alter_cents: small })),
    }),
  ),
  times: z.array(
    z.object({ ...change, groups: z.array(z.object({ beats: z.string(), beat_type: z.number().int().min(1) })) }),
  ),
  clefs: z.array(z.object({ ...change, sign: z.string(), line: z.number().int().nullable(), octave_change: small })),
  transposes: z.array(z.object({ ...change, diatonic: small, chromatic: small, octave_change: small })),
  notes: z.array(noteSchema),
});

export const scoreJsonSchema = z.object({
  format: z.literal('encore-score'),
  version: z.literal(1),
  title: z.string(),
  composer: z.string(),
  ticks_per_quarter: z.number().int().min(1),
  measures: z.array(
    z.object({
      label: z.string(),
      implicit: z.boolean(),
      start: ticks,
      length: z.number().int().min(1),
      pickup: z.boolean(),
      repeat_start: z.boolean().default(false),
      repeat_times: z.number().int().min(0).max(100).default(0),
      endings: z.array(z.number().int().min(1).max(100)).max(16).default([]),
      marks: z.array(z.enum(jumpMarks)).default([]),
    }),
  ),
  tempos: z.array(z.object({ tick: ticks, quarters_per_minute: z.number().positive() })),
  parts: z.array(partSchema),
});

type ScoreJson = z.infer<typeof scoreJsonSchema>;
type PartJson = ScoreJson['parts'][number];

export function readJson(text: string, limits: ScoreLimits): Score {
  if (text.length > limits.maxBytes) throw tooLarge('the size', exactSize(limits.maxBytes));
  const json = parse(text);
  const builder = new ScoreBuilder(limits);
  builder.title = json.title;
  builder.composer = json.composer;
  builder.ticksPerQuarter = json.ticks_per_quarter;
  for (const [index, part] of json.parts.entries()) addPart(builder, json, part, index === 0);
  for (const [index, { repeat_start, repeat_times, endings, marks }] of json.measures.entries()) {
    if (repeat_start) builder.startRepeat(index);
    if (repeat_times > 0) builder.endRepeat(index, repeat_times);
    if (endings.length > 0) builder.setEndings(index, index, endings);
    for (const mark of marks) builder.addMark(index, mark);
  }
  return finishScore(builder);
}

function parse(text: string): ScoreJson {
  try {
    return scoreJsonSchema.parse(JSON.parse(text));
  } catch (error) {
    throw malformed('the file is not a score in the JSON format of Encore', error);
  }
}

function addPart(builder: ScoreBuilder, json: ScoreJson, source: PartJson, first: boolean): void {
  const part = builder.addPart(source.id);
  part.name = source.name;
  part.program = source.program;
  part.channel = source.channel;
  part.staves = source.staves;
  part.divisions = json.ticks_per_quarter;
  part.keys = source.keys.map(({ alterations, ...key }) => ({
    ...key,
    alterations: alterations.map((altered) => ({ step: stepOfName(altered.step), alterCents: altered.alter_cents })),
  }));
  part.times = source.times.map(({ groups, ...time }) => ({
    ...time,
    groups: groups.map(({ beats, beat_type }) => ({ beats, beatType: beat_type })),
  }));
  part.clefs = source.clefs.map(({ octave_change, ...clef }) => ({ ...clef, octaveChange: octave_change }));
  part.transposes = source.transposes.map(({ octave_change, ...rest }) => ({ ...rest, octaveChange: octave_change }));
  const changes: { tick: number }[] = [...part.keys, ...part.times, ...part.clefs, ...part.transposes];
  if (first) {
    for (const { tick, quarters_per_minute } of json.tempos) {
      const tempo = { tick, quartersPerMinute: quarters_per_minute };
      builder.tempos.push(tempo);
      changes.push(tempo);
    }
  }
  changes.sort((a, b) => a.tick - b.tick);
  let nextChange = 0;
  let nextNote = 0;
  for (const [index, measure] of json.measures.entries()) {
    const cell = builder.openCell(part, index, measure.label, measure.implicit);
    const last = index === json.measures.length - 1;
    for (let item = changes[nextChange]; item; item = changes[++nextChange]) {
      if (!last && item.tick >= measure.start + measure.length) break;
      cell.cursor = item.tick - measure.start;
      builder.addChange(cell, item);
    }
    for (let note = source.notes[nextNote]; note?.measure === index; note = source.notes[++nextNote]) {
      builder.addNote(cell, {
        ...note,
        onset: note.onset - measure.start,
        step: stepOfName(note.step),
        alterCents: note.alter_cents,
        kind: note.unpitched ? UNPITCHED : PITCHED,
      });
    }
    cell.cursor = 0;
    builder.move(cell, measure.length);
  }
  if (nextNote < source.notes.length) throw malformed('the notes of a part are not in the order of its measures');
}
