/**
 * What a right answer is, beyond a status of 200: shape, identity, version and content. Each check compares with what the
 * generator knows; nothing is taken from the answer on trust.
 */
import { rpcRefusalSchema, type StoredScore, serverErrorSchema, storedScoreSchema } from '@encore/contracts';
import type { Checked, Refusal } from './classify-outcome.ts';
import type { Answer } from './exchange.ts';
import type { LiveScore } from './live-score.ts';
import { musicalContentOf, musicalDifference } from './musical-content.ts';
import { scoreText, titleOf } from './score-generator.ts';

export function corrupt(detail: string) {
  return { verdict: 'corrupt' as const, detail, definite: false };
}

/** `definite`: for a write, the server said that it did nothing. */
export function stale(detail: string, definite = false) {
  return { verdict: 'stale' as const, detail, definite };
}

/** Any answer that is not 2xx. */
export function refusalOf(answer: Answer): Refusal {
  const retryAfter = Number(answer.headers['retry-after']);
  const base = {
    verdict: 'refusal' as const,
    status: answer.status,
    retryAfterMs: Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter * 1_000 : null,
  };
  const body = parseJson(answer.text);
  const error = serverErrorSchema.safeParse(body);
  if (error.success) return { ...base, ...error.data.error };
  const rpc = rpcRefusalSchema.safeParse(body);
  if (rpc.success) return { ...base, message: rpc.data.error.message, ...rpc.data.error.data };
  return { ...base, code: '', message: answer.text.slice(0, 200), definite: false };
}

export function isJson(answer: Answer): boolean {
  return /^application\/json\b/i.test(answer.headers['content-type'] ?? '');
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A stored score as the answer of a write. `mayBeReplay`: an earlier attempt with the same key may have taken effect. */
export function checkStored(
  answer: Answer,
  expected: { id: string; version: number; sha256: string; bytes: number },
  mayBeReplay: boolean,
): Checked<StoredScore> {
  if (answer.status !== 200 && answer.status !== 201) return refusalOf(answer);
  if (!isJson(answer)) return corrupt(`content type ${answer.headers['content-type'] ?? 'none'}`);
  const stored = storedScoreSchema.safeParse(parseJson(answer.text));
  if (!stored.success) return corrupt(`not a stored score: ${answer.text.slice(0, 120)}`);
  const { id, version, sha256, bytes, format, replayed } = stored.data;
  if (id !== expected.id) return corrupt(`stored ${id} for ${expected.id}`);
  if (sha256 !== expected.sha256 || bytes !== expected.bytes) return corrupt(`stored other content for ${id}`);
  if (format !== 'musicxml') return corrupt(`took MusicXML for ${format}`);
  if (version < expected.version) return stale(`version ${version} after ${expected.version - 1} was acknowledged`);
  if (version > expected.version) return corrupt(`version ${version}, due was ${expected.version}`);
  if (replayed && !mayBeReplay) return corrupt(`a replay of a key that was never used before`);
  return { verdict: 'right', value: stored.data };
}

/** An exported score: its bytes must hash to what was acknowledged. */
export function checkExport(answer: Answer, score: LiveScore): Checked<null> {
  if (answer.status === 404) return stale(`acknowledged version ${score.version} is absent`);
  if (answer.status !== 200) return refusalOf(answer);
  const version = Number(/^(?:W\/)?"(\d+)"$/.exec(answer.headers['etag'] ?? '')?.[1]);
  if (!Number.isInteger(version)) return corrupt(`ETag ${answer.headers['etag'] ?? 'none'}`);
  const { sha256, bytes } = answer;
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  if (sha256 === score.previous?.sha256) return stale(`content of version ${score.version - 1}`);
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  if (sha256 !== score.known.sha256) return corrupt(`${bytes} bytes with another hash, due were ${score.known.bytes}`);
  const declared = answer.headers['digest-sha256'];
  if (declared !== undefined && declared.toLowerCase() !== sha256) return corrupt('the declared digest is another');
  return { verdict: 'right', value: null };
}

/** A score that the server wrote in its own words: the same title, and the same notes in each measure. */
export function checkMusic(xml: string, version: number, score: LiveScore): Checked<null> {
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  const got = musicalContentOf(xml);
  if (score.previous && got.title === titleOf(score.previous.recipe)) {
    return stale(`content of version ${score.version - 1}`);
  }
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  const difference = musicalDifference(musicalContentOf(scoreText(score.known.recipe)), got);
  return difference === null ? { verdict: 'right', value: null } : corrupt(difference);
}

/** A deletion. `mayBeGone`: an earlier attempt may have taken effect. */
export function checkDeleted(answer: Answer, mayBeGone: boolean): Checked<null> {
  if (answer.status === 204) return { verdict: 'right', value: null };
  if (answer.status === 404)
    return mayBeGone ? { verdict: 'right', value: null } : stale('an acknowledged score is absent', true);
  if (answer.status < 300) return corrupt(`status ${answer.status} for a deletion`);
  return refusalOf(answer);
}
