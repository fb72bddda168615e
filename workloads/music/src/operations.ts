/** The operations of a user: what they send, and how their responses are checked. */
import { keyAnalysisOutputSchema } from '@encore/contracts/music-api';
import { exportScoreOutputSchema, importScoreOutputSchema } from '@encore/contracts/server-api';
import { type Attempt, corrupt, digestOf, type Failure, type Request, RequestFailed, stale } from '@encore/workload';
import { chunkRing } from './chunk-ring.ts';
import { type LiveScore, newScore } from './live-score.ts';
import { readToolOutput, type ToolResult, toolCallRequest } from './mcp-call.ts';
import { checkDeleted, checkExport, checkMusic, checkStored, staleError } from './response-checks.ts';
import { describeScore, type KnownScore, scoreChunks, scoreText } from './score-generator.ts';
import { chosenScore, type MusicUser } from './user.ts';

/** Maximum size of a score sent through a tool, where it is part of a JSON document. */
const toolBytes = 16 * 1024;
const streamBytes = 128 * 1024;
const toolAnswerBytes = 256 * 1024;

// ---- writes -----------------------------------------------------------------------------------

export async function createScore(user: MusicUser): Promise<LiveScore> {
  const score = newScore(user.newId(), await plannedUpload(user));
  const { known } = score;
  const throughTools = user.plan.throughTools && known.bytes <= toolBytes;
  await writeScore(user, score, known, throughTools ? importRequest(score) : putRequest(score, known));
  user.state.scores.push(score);
  return score;
}

export async function modifyScore(user: MusicUser): Promise<void> {
  const score = chosenScore(user);
  const upload = await plannedUpload(user);
  await writeScore(user, score, upload, putRequest(score, upload));
}

/** Creates a score, which may be large, and works with it. */
export async function useHeavyScore(user: MusicUser): Promise<void> {
  const score = await createScore(user);
  await analyzeScore(user, score);
  await exportScore(user, score, false);
}

async function plannedUpload({ plan, operation }: MusicUser): Promise<KnownScore> {
  if (plan.upload === null) throw new Error(`nothing to upload is planned for ${operation}`);
  return describeScore(plan.upload);
}

/** Only an acknowledgement changes the score. */
async function writeScore(
  user: MusicUser,
  score: LiveScore,
  upload: KnownScore,
  request: Request | ((attempt: Attempt) => Request),
): Promise<void> {
  const version = score.version + 1;
  try {
    await user.write(score.id, upload.sha256, request, { version });
  } catch (error) {
    if (error instanceof RequestFailed && error.mayHaveHappened) {
      score.uncertain = true;
      // Its creation may have taken effect, so it is deleted later.
      if (score.version === 0) user.state.scores.push(score);
    }
    throw error;
  }
  score.previous = score.version === 0 ? null : score.known;
  score.known = upload;
  score.version = version;
}

function putRequest(score: LiveScore, upload: KnownScore): Request {
  const { id, version } = score;
  const expected = { id, version: version + 1, sha256: upload.sha256, bytes: upload.bytes };
  const isNew = version === 0;
  return {
    method: 'PUT',
    path: `/scores/${id}`,
    name: isNew ? 'PUT /scores/:id' : 'PUT /scores/:id If-Match',
    headers: {
      'content-type': 'application/vnd.recordare.musicxml+xml',
      ...(isNew ? {} : { 'if-match': `"${version}"` }),
    },
    body:
      upload.bytes > streamBytes
        ? { bytes: upload.bytes, chunks: () => scoreChunks(upload.recipe, chunkRing()) }
        : scoreText(upload.recipe),
    status: isNew ? [200, 201, 412] : [200, 201, 404, 412],
    check: (response, { mayHaveHappened }) => {
      // The server must know the version that it last acknowledged.
      if (response.status === 412 || response.status === 404)
        return staleError(`${response.status}: version ${version} was acknowledged`, response);
      return checkStored(response, expected, mayHaveHappened);
    },
  };
}

function importRequest({ id, known }: LiveScore): (attempt: Attempt) => Request {
  return ({ id: attemptId, key }) => ({
    ...toolCallRequest(
      'import_score',
      { score_id: id, content: scoreText(known.recipe), idempotency_key: key },
      attemptId,
    ),
    bytes: known.bytes,
    maxBytes: toolAnswerBytes,
    check: (response) => {
      const result = readToolOutput(response, attemptId, importScoreOutputSchema);
      if ('failure' in result) return result.failure;
      const { score_id: storedId, version, sha256, notes, measures, parts } = result.output;
      if (storedId !== id) return corrupt(`stored ${storedId} instead of ${id}`);
      if (sha256 !== known.sha256) return corrupt(`stored different content for ${id}`);
      if (version !== 1) return corrupt(`version ${version} for a new score`);
      if (notes !== known.notes || measures !== known.measures || parts !== 1)
        return corrupt(
          `${parts} parts, ${measures} measures, ${notes} notes; expected 1, ${known.measures}, ${known.notes}`,
        );
      return null;
    },
  });
}

// ---- deletion ---------------------------------------------------------------------------------

/** Deletes the oldest score if the user has too many. */
export async function deleteOldest(user: MusicUser): Promise<void> {
  const { scores } = user.state;
  const limit = user.parameters.liveScoresPerUser;
  const [oldest] = scores;
  if (oldest === undefined || scores.length <= limit) return;
  try {
    await user.remove(oldest.id, deleteRequest(oldest));
    scores.shift();
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    oldest.uncertain ||= error.mayHaveHappened;
    oldest.deletionTried ||= error.mayHaveHappened;
    // A missing score stays acknowledged in the ledger, so the read-back reports it as lost. One
    // that cannot be deleted stays in the list, which must not grow without bound.
    if (error.outcome === 'stale' || scores.length > limit * 2) scores.shift();
  }
}

function deleteRequest(score: LiveScore): Request {
  return {
    method: 'DELETE',
    path: `/scores/${score.id}`,
    name: 'DELETE /scores/:id',
    status: [204, 404],
    // A missing score is correct only if it was never acknowledged or may have been deleted before.
    check: (response, { mayHaveHappened }) =>
      checkDeleted(response, mayHaveHappened || score.deletionTried || score.version === 0),
  };
}

// ---- reads ------------------------------------------------------------------------------------

export async function analyzeScore({ http }: MusicUser, score: LiveScore): Promise<void> {
  await http.request(({ id }) => ({
    ...toolCallRequest('key_analysis', { score_id: score.id }, id),
    bytes: score.known.bytes,
    maxBytes: toolAnswerBytes,
    check: (response) => {
      const result = readToolOutput(response, id, keyAnalysisOutputSchema);
      if ('failure' in result) return failureOfRead(result, score);
      const { score_id: analyzed, version, key } = result.output;
      if (analyzed !== score.id) return corrupt(`key of ${analyzed} instead of ${score.id}`);
      if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
      if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
      return key === score.known.key ? null : corrupt(`${key ?? 'no key'} instead of ${score.known.key}`);
    },
  }));
}

export async function exportScore({ http }: MusicUser, score: LiveScore, throughTools: boolean): Promise<void> {
  await http.request(throughTools && score.known.bytes <= toolBytes ? exportToolRequest(score) : getRequest(score));
}

/** Reads the stored score and hashes it as a stream. */
export function getRequest(score: LiveScore): Request {
  return {
    method: 'GET',
    path: `/scores/${score.id}`,
    name: 'GET /scores/:id',
    bytes: score.known.bytes,
    read: 'digest',
    status: [200, 404],
    check: (response) => checkExport(response, score),
  };
}

function exportToolRequest(score: LiveScore): (attempt: Attempt) => Request {
  return ({ id: attemptId }) => ({
    ...toolCallRequest('export_score', { score_id: score.id }, attemptId),
    bytes: score.known.bytes,
    maxBytes: score.known.bytes * 3 + toolAnswerBytes,
    check: (response) => {
      const result = readToolOutput(response, attemptId, exportScoreOutputSchema);
      if ('failure' in result) return failureOfRead(result, score);
      const { score_id: id, version, format, encoding, content, sha256 } = result.output;
      if (id !== score.id || format !== 'musicxml' || encoding !== 'text')
        return corrupt(`${format} of ${id} instead of musicxml of ${score.id}`);
      if (sha256 !== digestOf(content)) return corrupt('declared digest differs from the content');
      return checkMusic(content, version, score);
    },
  });
}

/** A tool that does not know an acknowledged score returned an outdated state. */
function failureOfRead(
  { failure, error }: Extract<ToolResult<unknown>, { failure: unknown }>,
  score: LiveScore,
): Failure {
  return error !== undefined && /NOT_FOUND/.test(error.code)
    ? stale(`acknowledged version ${score.version} is absent`)
    : failure;
}
