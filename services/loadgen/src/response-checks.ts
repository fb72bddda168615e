/**
 * Checks responses beyond their status: shape, identity, version and content. Each check compares
 * the response with what the generator knows; it trusts nothing in the response.
 */
import { rpcRefusalSchema, type StoredScore, serverErrorSchema, storedScoreSchema } from '@encore/contracts';
import type { CheckResult, Refusal } from './classify-outcome.ts';
import type { HttpResponse } from './exchange.ts';
import type { LiveScore } from './live-score.ts';
import { musicalContentOf, musicalDifference } from './musical-content.ts';
import { scoreText, titleOf } from './score-generator.ts';

export function corrupt(detail: string) {
  return { kind: 'corrupt' as const, detail, definite: false };
}

/** `definite`: the write certainly had no effect. */
export function stale(detail: string, definite = false) {
  return { kind: 'stale' as const, detail, definite };
}

/** Reads the error of a response that is not 2xx. */
export function refusalOf(response: HttpResponse): Refusal {
  const retryAfter = Number(response.headers['retry-after']);
  const base = {
    kind: 'refusal' as const,
    status: response.status,
    retryAfterMs: Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter * 1_000 : null,
  };
  const body = parseJson(response.text);
  const error = serverErrorSchema.safeParse(body);
  if (error.success) return { ...base, ...error.data.error };
  const rpc = rpcRefusalSchema.safeParse(body);
  if (rpc.success) return { ...base, message: rpc.data.error.message, ...rpc.data.error.data };
  return { ...base, code: '', message: response.text.slice(0, 200), definite: false };
}

export function isJson(response: HttpResponse): boolean {
  return /^application\/json\b/i.test(response.headers['content-type'] ?? '');
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks the response to a write. `mayBeReplay`: an earlier attempt may have taken effect. */
export function checkStored(
  response: HttpResponse,
  expected: { id: string; version: number; sha256: string; bytes: number },
  mayBeReplay: boolean,
): CheckResult<StoredScore> {
  if (response.status !== 200 && response.status !== 201) return refusalOf(response);
  if (!isJson(response)) return corrupt(`content type ${response.headers['content-type'] ?? 'none'}`);
  const stored = storedScoreSchema.safeParse(parseJson(response.text));
  if (!stored.success) return corrupt(`not a stored score: ${response.text.slice(0, 120)}`);
  const { id, version, sha256, bytes, format, replayed } = stored.data;
  if (id !== expected.id) return corrupt(`stored ${id} instead of ${expected.id}`);
  if (sha256 !== expected.sha256 || bytes !== expected.bytes) return corrupt(`stored different content for ${id}`);
  if (format !== 'musicxml') return corrupt(`recognized MusicXML as ${format}`);
  if (version < expected.version) return stale(`version ${version} after ${expected.version - 1} was acknowledged`);
  if (version > expected.version) return corrupt(`version ${version}, expected ${expected.version}`);
  if (replayed && !mayBeReplay) return corrupt(`reported a replay of an unused key`);
  return { kind: 'ok', value: stored.data };
}

/** Checks an exported score: its bytes must have the acknowledged hash. */
export function checkExport(response: HttpResponse, score: LiveScore): CheckResult<null> {
  if (response.status === 404) return stale(`acknowledged version ${score.version} is absent`);
  if (response.status !== 200) return refusalOf(response);
  const version = Number(/^(?:W\/)?"(\d+)"$/.exec(response.headers['etag'] ?? '')?.[1]);
  if (!Number.isInteger(version)) return corrupt(`ETag ${response.headers['etag'] ?? 'none'}`);
  const { sha256, bytes } = response;
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  if (sha256 === score.previous?.sha256) return stale(`content of version ${score.version - 1}`);
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  if (sha256 !== score.known.sha256) return corrupt(`wrong hash; ${bytes} bytes, expected ${score.known.bytes}`);
  const declared = response.headers['digest-sha256'];
  if (declared !== undefined && declared.toLowerCase() !== sha256)
    return corrupt('declared digest differs from the content');
  return { kind: 'ok', value: null };
}

/** Checks a score that the server serialized itself: same title, same notes in each measure. */
export function checkMusic(xml: string, version: number, score: LiveScore): CheckResult<null> {
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  const actual = musicalContentOf(xml);
  if (score.previous && actual.title === titleOf(score.previous.recipe)) {
    return stale(`content of version ${score.version - 1}`);
  }
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  const difference = musicalDifference(musicalContentOf(scoreText(score.known.recipe)), actual);
  return difference === null ? { kind: 'ok', value: null } : corrupt(difference);
}

/** Checks the response to a deletion. `mayBeGone`: an earlier attempt may have taken effect. */
export function checkDeleted(response: HttpResponse, mayBeGone: boolean): CheckResult<null> {
  if (response.status === 204) return { kind: 'ok', value: null };
  if (response.status === 404)
    return mayBeGone ? { kind: 'ok', value: null } : stale('an acknowledged score is absent', true);
  if (response.status < 300) return corrupt(`status ${response.status} for a deletion`);
  return refusalOf(response);
}
