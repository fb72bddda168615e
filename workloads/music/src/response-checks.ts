/**
 * Checks responses beyond their status: shape, identity, version and content. Each check compares
 * the response with what the user knows; it trusts nothing in the response.
 */
import { storedScoreSchema } from '@encore/contracts/server-api';
import { corrupt, type Failure, type Response, stale } from '@encore/workload';
import type { LiveScore } from './live-score.ts';
import { musicalContentOf, musicalDifference } from './musical-content.ts';
import { scoreText, titleOf } from './score-generator.ts';
import { toolErrorOf } from './server-errors.ts';

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks the response to a write. `mayBeReplay`: an earlier attempt may have taken effect. */
export function checkStored(
  response: Response,
  expected: { id: string; version: number; sha256: string; bytes: number },
  mayBeReplay: boolean,
): Failure | null {
  const type = response.headers['content-type'] ?? 'none';
  if (!/^application\/json\b/i.test(type)) return corrupt(`content type ${type}`);
  const stored = storedScoreSchema.safeParse(parseJson(response.text));
  if (!stored.success) return corrupt(`not a stored score: ${response.text.slice(0, 120)}`);
  const { id, version, sha256, bytes, format, replayed } = stored.data;
  if (id !== expected.id) return corrupt(`stored ${id} instead of ${expected.id}`);
  if (sha256 !== expected.sha256 || bytes !== expected.bytes) return corrupt(`stored different content for ${id}`);
  if (format !== 'musicxml') return corrupt(`recognized MusicXML as ${format}`);
  if (version < expected.version) return stale(`version ${version} after ${expected.version - 1} was acknowledged`);
  if (version > expected.version) return corrupt(`version ${version}, expected ${expected.version}`);
  if (replayed && !mayBeReplay) return corrupt(`reported a replay of an unused key`);
  return null;
}

/** Checks an exported score: its bytes must have the acknowledged hash. */
export function checkExport(response: Response, score: LiveScore): Failure | null {
  if (response.status === 404) return stale(`acknowledged version ${score.version} is absent`);
  const version = Number(/^(?:W\/)?"(\d+)"$/.exec(response.headers['etag'] ?? '')?.[1]);
  if (!Number.isInteger(version)) return corrupt(`ETag ${response.headers['etag'] ?? 'none'}`);
  const { digest, bytes } = response;
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  if (digest === score.previous?.sha256) return stale(`content of version ${score.version - 1}`);
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  if (digest !== score.known.sha256) return corrupt(`wrong hash; ${bytes} bytes, expected ${score.known.bytes}`);
  const declared = response.headers['digest-sha256'];
  if (declared !== undefined && declared.toLowerCase() !== digest)
    return corrupt('declared digest differs from the content');
  return null;
}

/** Checks a score that the server serialized itself: same title, same notes in each measure. */
export function checkMusic(xml: string, version: number, score: LiveScore): Failure | null {
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  const actual = musicalContentOf(xml);
  if (score.previous && actual.title === titleOf(score.previous.recipe)) {
    return stale(`content of version ${score.version - 1}`);
  }
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  const difference = musicalDifference(musicalContentOf(scoreText(score.known.recipe)), actual);
  return difference === null ? null : corrupt(difference);
}

/** Checks the response to a deletion. `mayBeGone`: an earlier attempt may have taken effect. */
export function checkDeleted(response: Response, mayBeGone: boolean): Failure | null {
  if (response.status === 204 || mayBeGone) return null;
  return staleError('an acknowledged score is absent', response);
}

/** The error response to a write denies a state that was acknowledged. */
export function staleError(detail: string, { text }: Response): Failure {
  return stale(detail, { definite: toolErrorOf(parseJson(text), text).definite });
}
