/**
 * Inputs and outputs of the analysis tools. A position in a piece is a measure, counted from 1
 * regardless of printed numbers, and an offset in quarter notes as an exact fraction ("0", "3/2").
 *
 * Lists that grow with the piece are paged: `after` is the number of items to skip; `next` is the
 * `after` of the next page, or null on the last one.
 */
import { z } from 'zod';
import { idempotencyKeySchema, scoreIdSchema } from './server-api.ts';

const pageInput = {
  after: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(500).default(100),
};
const pageOutput = { total: z.number().int(), next: z.number().int().nullable() };

const placeSchema = z.object({ measure: z.number().int().min(1), offset: z.string() });
export type Place = z.infer<typeof placeSchema>;

const versionOutput = { score_id: scoreIdSchema, version: z.number().int() };

/** Elements that the reader ignores and the stored file keeps; listed in tool descriptions. */
export const leftOut = [
  'lyrics',
  'dynamics',
  'slurs, articulations and fermatas',
  'fingering, ornaments and tremolos',
  'cue notes',
  'pedal marks and other controllers',
  'changes of instrument within a part',
  'beams and stems',
  'chord symbols and figured bass',
  'text and rehearsal marks',
  'names other than title, composer and part',
  'layout',
] as const;

/** The musical part of the score_info output. */
export const scoreOutlineSchema = z.object({
  title: z.string(),
  composer: z.string(),
  measures: z.number().int(),
  /** With repeats and endings expanded, as in the MIDI export; null above its limit of 200,000. */
  measures_played: z.number().int().nullable(),
  /** Length of an incomplete first measure in quarter notes; null if it is complete. */
  pickup: z.string().nullable(),
  quarters: z.string(),
  /** At the written tempo, or 120 quarter notes per minute; without repeats. */
  seconds: z.number(),
  notes: z.number().int(),
  parts: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      notes: z.number().int(),
      unpitched_notes: z.number().int(),
      voices: z.number().int(),
      staves: z.number().int(),
      /** Lowest sounding pitch; null without pitched notes. */
      lowest: z.string().nullable(),
      highest: z.string().nullable(),
      transposing: z.boolean(),
    }),
  ),
  key_signatures: z.array(placeSchema.extend({ fifths: z.number().int().nullable() })),
  time_signatures: z.array(placeSchema.extend({ signature: z.string() })),
  tempos: z.array(placeSchema.extend({ quarters_per_minute: z.number() })),
  /** Input that the reader ignored or guessed, for example a MIDI channel 0. */
  warnings: z.array(z.string()),
});
export type ScoreOutline = z.infer<typeof scoreOutlineSchema>;

export const scoreInfoInputSchema = z.strictObject({ score_id: scoreIdSchema });
export const scoreInfoOutputSchema = z.object({
  ...versionOutput,
  bytes: z.number().int(),
  sha256: z.string(),
  format: z.enum(['musicxml', 'mxl', 'midi']),
  /** At most the first 100 signatures and tempos each. */
  outline: scoreOutlineSchema,
  /** Elements that every outline omits, whether or not this file has them. */
  left_out: z.array(z.string()),
});

/** Window width and step, in measures. `hop` defaults to `measures`. */
const windowSchema = z.strictObject({
  measures: z.number().int().min(1).max(1_000),
  hop: z.number().int().min(1).max(1_000).optional(),
});
export const keyAnalysisInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  profile: z.enum(['krumhansl-kessler', 'aarden-essen', 'bellman-budge', 'temperley', 'vote']).default('vote'),
  /** If given, the output also contains the key of each window, in pages. */
  window: windowSchema.optional(),
  ...pageInput,
});
const keyCandidateSchema = z.object({
  key: z.string(),
  correlation: z.number(),
  /** The sort key: correlation of the piece and its ends, final bass note, written signature. */
  evidence: z.number(),
});
const keyFoundSchema = z.object({
  /** For example "Eb major" or "C# minor"; null, with a `reason`, if the key is undefined. */
  key: z.string().nullable(),
  correlation: z.number().nullable(),
  /** Distance to the next key in evidence (for a window, in correlation). */
  margin: z.number().nullable(),
  reason: z.string().optional(),
});
const keyWindowSchema = keyFoundSchema.extend({ from_measure: z.number().int(), to_measure: z.number().int() });
export type KeyWindow = z.infer<typeof keyWindowSchema>;
export const keyAnalysisOutputSchema = keyFoundSchema.extend({
  ...versionOutput,
  evidence: z.number().nullable(),
  /** The next best keys, by descending evidence. */
  alternatives: z.array(keyCandidateSchema),
  /** These three are present only if windows were requested. */
  windows: z.array(keyWindowSchema).optional(),
  total: pageOutput.total.optional(),
  next: pageOutput.next.optional(),
});

export const chordAnalysisInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  /** The key for the Roman numerals, such as "Eb major"; defaults to the home key. */
  key: z.string().optional(),
  ...pageInput,
});
const chordSchema = placeSchema.extend({
  /** In quarter notes. */
  duration: z.string(),
  pitches: z.array(z.string()),
  /** For example "Am7/C"; null if the pitches form no named chord. */
  symbol: z.string().nullable(),
  root: z.string().nullable(),
  quality: z.string().nullable(),
  /** 0 is root position. */
  inversion: z.number().int().nullable(),
  roman: z.string().nullable(),
});
export type ChordSlice = z.infer<typeof chordSchema>;
export const chordAnalysisOutputSchema = z.object({
  ...versionOutput,
  key: z.string().nullable(),
  chords: z.array(chordSchema),
  ...pageOutput,
});

export const harmonyAnalysisInputSchema = z.strictObject({ score_id: scoreIdSchema, ...pageInput });
const keyRegionSchema = z.object({
  key: z.string(),
  from_measure: z.number().int(),
  to_measure: z.number().int(),
});
export type KeyRegion = z.infer<typeof keyRegionSchema>;
const harmonySchema = placeSchema.extend({
  duration: z.string(),
  symbol: z.string(),
  roman: z.string(),
  /** The key of the region. */
  key: z.string(),
  function: z.enum(['tonic', 'predominant', 'dominant', 'other']),
});
export type Harmony = z.infer<typeof harmonySchema>;
export const cadenceKinds = ['perfect authentic', 'imperfect authentic', 'half', 'plagal', 'deceptive'] as const;
const cadenceSchema = placeSchema.extend({
  kind: z.enum(cadenceKinds),
  key: z.string(),
  chords: z.array(z.string()),
});
export type Cadence = z.infer<typeof cadenceSchema>;
export const harmonyAnalysisOutputSchema = z.object({
  ...versionOutput,
  home_key: z.string().nullable(),
  /** More than one region if the piece modulates. */
  regions: z.array(keyRegionSchema),
  cadences: z.array(cadenceSchema),
  harmonies: z.array(harmonySchema),
  ...pageOutput,
});

export const voiceLeadingInputSchema = z.strictObject({ score_id: scoreIdSchema, ...pageInput });
export const voiceLeadingKinds = [
  'parallel fifths',
  'parallel octaves',
  'parallel unisons',
  'direct fifths',
  'direct octaves',
  'voice crossing',
  'voice overlap',
  'large leap',
  'augmented leap',
  'unresolved leading tone',
  'unresolved seventh',
] as const;
const voiceLeadingEventSchema = placeSchema.extend({
  kind: z.enum(voiceLeadingKinds),
  /** For example "Soprano" or "P2 voice 1". */
  voices: z.array(z.string()),
  pitches: z.array(z.string()),
});
export type VoiceLeadingEvent = z.infer<typeof voiceLeadingEventSchema>;
const motionSchema = z.object({
  parallel: z.number().int(),
  similar: z.number().int(),
  contrary: z.number().int(),
  oblique: z.number().int(),
});
export type Motion = z.infer<typeof motionSchema>;
export const voiceLeadingOutputSchema = z.object({
  ...versionOutput,
  voices: z.array(z.string()),
  /** Motion of the outer voices. */
  motion: motionSchema,
  counts: z.partialRecord(z.enum(voiceLeadingKinds), z.number().int()),
  events: z.array(voiceLeadingEventSchema),
  ...pageOutput,
});

export const patternKinds = ['repeated', 'transposed', 'inverted', 'retrograde', 'rhythmic'] as const;
export const patternRecognitionInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  kinds: z
    .array(z.enum(patternKinds))
    .min(1)
    .default([...patternKinds]),
  /** In notes. */
  min_length: z.number().int().min(3).max(64).default(5),
  ...pageInput,
});
const occurrenceSchema = placeSchema.extend({
  part: z.string(),
  voice: z.number().int(),
  /** How this occurrence relates to the first. */
  form: z.enum(['original', 'inverted', 'retrograde']),
  /** The first pitch; null for a rhythm. */
  pitch: z.string().nullable(),
});
const patternSchema = z.object({
  kind: z.enum(patternKinds),
  /** In notes. */
  length: z.number().int(),
  count: z.number().int(),
  /** Pitches of the first occurrence, or durations in quarter notes for a rhythm; at most 64. */
  shape: z.array(z.string()),
  /** At most 50; `count` is the total. */
  occurrences: z.array(occurrenceSchema),
});
export type PatternOccurrence = z.infer<typeof occurrenceSchema>;
export type PatternKind = (typeof patternKinds)[number];
export type Pattern = z.infer<typeof patternSchema>;
export const patternRecognitionOutputSchema = z.object({
  ...versionOutput,
  patterns: z.array(patternSchema),
  ...pageOutput,
});

export const transposeInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  /** Id of the result; the same id as `score_id` creates a new version. */
  new_score_id: scoreIdSchema,
  /** "M2" is up, "-m3" is down; also "P8", "A4", "d5". */
  interval: z.string().regex(/^-?[PMmAd][1-9]\d?$/, 'must be like M2, -m3, P5 or A4'),
  idempotency_key: idempotencyKeySchema.optional(),
});
export const transposeOutputSchema = z.object({ ...versionOutput, interval: z.string(), sha256: z.string() });
