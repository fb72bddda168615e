/**
 * For tests: imports bytes or text in chunks of any size, and formats errors as one comparable
 * line.
 */
import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import { importScore } from '../formats/import-score.ts';
import type { Score } from '../model/score.ts';
import { defaultScoreLimits, type ScoreLimits } from '../model/score-limits.ts';

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function read(input: string | Uint8Array, limits: Partial<ScoreLimits> = {}, size = 65_536): Promise<Score> {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  return importScore(chunked(bytes, size), { ...defaultScoreLimits, ...limits });
}

/** Returns the error of a promise that must reject, such as "422 MALFORMED_SCORE". */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('the score was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EncoreError, String(error));
  assert.ok(error.definite);
  return `${error.status} ${error.code}`;
}
