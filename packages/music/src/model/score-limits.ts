/**
 * The maximum size of a score. A limit in bytes is not enough: a MIDI file of 37 bytes can declare
 * 67 million measures, and a small ZIP file gigabytes. So every derived quantity has its own limit.
 */
import { EncoreError } from '@encore/kit/encore-error';

export interface ScoreLimits {
  /** Of the upload, and of the decompressed document. */
  maxBytes: number;
  maxNotes: number;
  maxMeasures: number;
  maxParts: number;
  /** Of nested XML elements. */
  maxDepth: number;
  maxAttributesPerElement: number;
  maxAttributeLength: number;
  /** Of any other characters without markup: text, a comment, a DOCTYPE. */
  maxTextLength: number;
  maxTicksPerQuarter: number;
  /** Length of the piece. */
  maxQuarters: number;
  /** Key, time, clef, tempo and transposition changes together. */
  maxChanges: number;
  /** Files in a ZIP archive. */
  maxEntries: number;
}

/** Further warnings are only counted: one program error may occur in every note of a long piece. */
export const maxWarnings = 20;

export const defaultScoreLimits: ScoreLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxNotes: 1_000_000,
  maxMeasures: 200_000,
  maxParts: 512,
  maxDepth: 64,
  maxAttributesPerElement: 64,
  maxAttributeLength: 16_384,
  maxTextLength: 1_048_576,
  maxTicksPerQuarter: 2 ** 30,
  maxQuarters: 1_000_000,
  maxChanges: 200_000,
  maxEntries: 1024,
};

export function tooLarge(what: string, limit: number | string): EncoreError {
  return new EncoreError('SCORE_TOO_LARGE', `${what} is limited to ${limit}`);
}

export function malformed(message: string, cause?: unknown): EncoreError {
  return new EncoreError('MALFORMED_SCORE', message, { cause });
}

export function unsupported(message: string, cause?: unknown): EncoreError {
  return new EncoreError('UNSUPPORTED_FORMAT', message, { cause });
}
