/**
 * Inputs and outputs of the analysis tools. Places in a piece are given as a measure, counted from 1 whatever the printed numbers say, and an
 * offset from its beginning in quarter notes as an exact fraction ("0", "3/2").
 *
 * Lists that grow with the piece are paged: `after` is how many items to pass over, `next` is the `after` of the next page, null on the last one.
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

/**
 * What a score loses when it is read; the stored file still has it. In the words of the tools'
 * descriptions too.
 */
export const leftOut = [
  'lyrics',
  'dynamics',
  'slurs and articulations',
  'fingering and ornaments',
  'beams and stems',
  'chord symbols and figured bass',
  'text and rehearsal marks',
  'da capo, dal segno and coda',
  'layout',
] as const;

/** What score_info says about the music. */
export const scoreOutlineSchema = z.object({
  title: z.string(),
  composer: z.string(),
  measures: z.number().int(),
  /**
   * With repeats and endings played out, as the MIDI export has them; null beyond its limit of
   * 200,000.
   */
  measures_played: z.number().int().nullable(),
  /** In quarter notes, when the first measure is incomplete. */
  pickup: z.string().nullable(),
  quarters: z.string(),
  /** At the written tempo, 120 quarters a minute where none is written; repeats are not played. */
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
      /** Sounding pitch; null without pitched notes. */
      lowest: z.string().nullable(),
      highest: z.string().nullable(),
      transposing: z.boolean(),
    }),
  ),
  key_signatures: z.array(placeSchema.extend({ fifths: z.number().int().nullable() })),
  time_signatures: z.array(placeSchema.extend({ signature: z.string() })),
  tempos: z.array(placeSchema.extend({ quarters_per_minute: z.number() })),
  /** What the reader ignored or guessed, for example a MIDI channel 0. */
  warnings: z.array(z.string()),
});
export type ScoreOutline = z.infer<typeof scoreOutlineSchema>;

export const scoreInfoInputSchema = z.strictObject({ score_id: scoreIdSchema });
export const scoreInfoOutputSchema = z.object({
  ...versionOutput,
  bytes: z.number().int(),
  sha256: z.string(),
  format: z.enum(['musicxml', 'mxl', 'midi']),
  /** Of the signatures and tempos at most the first 100. */
  outline: scoreOutlineSchema,
  /** What no score keeps, whether this file has it or not. */
  left_out: z.array(z.string()),
});

/** In measures; a window every `hop`, as wide as a window when left out. */
const windowSchema = z.strictObject({
  measures: z.number().int().min(1).max(1_000),
  hop: z.number().int().min(1).max(1_000).optional(),
});
export const keyAnalysisInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  profile: z.enum(['krumhansl-kessler', 'aarden-essen', 'bellman-budge', 'temperley', 'vote']).default('vote'),
  /** With it the answer tells also the key of each window, page by page. */
  window: windowSchema.optional(),
  ...pageInput,
});
const keyCandidateSchema = z.object({
  key: z.string(),
  correlation: z.number(),
  /**
   * What the keys are ordered by: correlation of the whole piece and of its ends, final bass,
   * written signature.
   */
  evidence: z.number(),
});
const keyFoundSchema = z.object({
  /** For example "Eb major" or "C# minor"; null when the key is undefined, with the reason. */
  key: z.string().nullable(),
  correlation: z.number().nullable(),
  /** To the next key, in evidence (of a window, in correlation). */
  margin: z.number().nullable(),
  reason: z.string().optional(),
});
const keyWindowSchema = keyFoundSchema.extend({ from_measure: z.number().int(), to_measure: z.number().int() });
export type KeyWindow = z.infer<typeof keyWindowSchema>;
export const keyAnalysisOutputSchema = keyFoundSchema.extend({
  ...versionOutput,
  evidence: z.number().nullable(),
  /** The next keys, most evidence first. */
  alternatives: z.array(keyCandidateSchema),
  /** These three only when windows were asked for. */
  windows: z.array(keyWindowSchema).optional(),
  total: pageOutput.total.optional(),
  next: pageOutput.next.optional(),
});

export const chordAnalysisInputSchema = z.strictObject({
  score_id: scoreIdSchema,
  /** The key of the Roman numerals, like "Eb major"; the home key when left out. */
  key: z.string().optional(),
  ...pageInput,
});
const chordSchema = placeSchema.extend({
  /** In quarter notes. */
  duration: z.string(),
  pitches: z.array(z.string()),
  /** "Am7/C"; null when the pitches make no chord that has a name. */
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
  /** Of the region that the harmony is in. */
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
  /** More than one region means that the piece modulates. */
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
  /** "Soprano" or "P2 voice 1". */
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
  /** Of the outer voices. */
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
  /** How the first occurrence comes back here. */
  form: z.enum(['original', 'inverted', 'retrograde']),
  /** The first pitch; null for a rhythm. */
  pitch: z.string().nullable(),
});
const patternSchema = z.object({
  kind: z.enum(patternKinds),
  /** In notes. */
  length: z.number().int(),
  count: z.number().int(),
  /** Pitches of the first occurrence, or lengths in quarter notes of a rhythm; at most 64. */
  shape: z.array(z.string()),
  /** At most 50; `count` is how many there are. */
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
  /** The id of the new score; the same id makes a new version. */
  new_score_id: scoreIdSchema,
  /** "M2" up, "-m3" down, "P8", "A4", "d5". */
  interval: z.string().regex(/^-?[PMmAd][1-9]\d?$/, 'must be like M2, -m3, P5 or A4'),
  idempotency_key: idempotencyKeySchema.optional(),
});
export const transposeOutputSchema = z.object({ ...versionOutput, interval: z.string(), sha256: z.string() });
