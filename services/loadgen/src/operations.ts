/** The five operations of a user, each a few steps. What a step asks and what it accepts as right is in the table at the end. */
import {
  exportScoreOutputSchema,
  importScoreOutputSchema,
  keyAnalysisOutputSchema,
  type OperationKind,
} from '@encore/contracts';
import { sha256Hex } from '@encore/kit';
import { checkDeleted, checkExport, checkMusic, checkStored, corrupt, stale } from './answer-checks.ts';
import { chunkRing } from './chunk-ring.ts';
import type { Checked } from './classify-outcome.ts';
import type { Answer } from './exchange.ts';
import type { Ledger } from './ledger.ts';
import type { LiveScore } from './live-score.ts';
import { readToolOutput, toolCallRequest } from './mcp-call.ts';
import { type KnownScore, scoreChunks, scoreText } from './score-generator.ts';
import type { Step, StepEnd } from './step.ts';

/** What the steps of an operation may use. */
export interface OperationTools {
  ledger: Ledger;
  run: <Value>(step: Step<Value>) => Promise<StepEnd<Value>>;
}

/** How an operation ended: right, failed, a write without an answer, or cut by the end of the run. */
export type OperationEnd = 'ok' | 'failed' | 'unknown' | 'cancelled';

/** Documents up to this size may go through the tools: they travel as JSON. */
export const toolBytes = 16 * 1024;
const streamBytes = 128 * 1024;
const toolAnswerBytes = 256 * 1024;

// ---- writes ---------------------------------------------------------------------------------------------------------

export interface IntendedWrite {
  operation: 'create' | 'modify';
  key: string;
  score: LiveScore;
  upload: KnownScore;
  throughTools: boolean;
}

/** Writes the intention down, which must be on disk before the request is sent. */
export async function intendWrite(
  ledger: Ledger,
  user: number,
  write: Omit<IntendedWrite, 'key'>,
): Promise<IntendedWrite> {
  const { score, operation, upload } = write;
  score.writes += 1;
  score.writing = true;
  const key = `${score.id}-w${score.writes}`;
  await ledger.write({ type: 'intended', key, user, operation, scoreId: score.id, hash: upload.sha256 });
  return { ...write, key };
}

/** Nothing was sent, or the server surely did nothing. */
export async function refuseWrite(ledger: Ledger, write: IntendedWrite, reason: string): Promise<void> {
  write.score.writing = false;
  await ledger.write({ type: 'refused', key: write.key, reason });
}

/** Sends it, and writes the answer down before anything else is done. The score is changed only by an acknowledgement. */
export async function sendWrite(tools: OperationTools, write: IntendedWrite): Promise<OperationEnd> {
  const { score, upload, key } = write;
  const end = await tools.run(write.throughTools && write.operation === 'create' ? importStep(write) : putStep(write));
  score.writing = false;
  if (end.how === 'right') {
    score.previous = score.version === 0 ? null : score.known;
    score.known = upload;
    score.version += 1;
    score.acknowledgedKey = key;
    const { version } = score;
    await tools.ledger.write({ type: 'acknowledged', key, scoreId: score.id, hash: upload.sha256, version });
    return 'ok';
  }
  const reason = end.how === 'cancelled' ? 'the run ended' : `${end.outcome}: ${end.detail}`.slice(0, 200);
  score.uncertain ||= end.mayHaveHappened;
  if (end.mayHaveHappened) await tools.ledger.write({ type: 'unknown', key, reason });
  else await refuseWrite(tools.ledger, write, reason);
  if (end.how === 'cancelled') return 'cancelled';
  return end.mayHaveHappened ? 'unknown' : 'failed';
}

export function putStep({ operation, key, score, upload }: IntendedWrite): Step<unknown> {
  const expected = { id: score.id, version: score.version + 1, sha256: upload.sha256, bytes: upload.bytes };
  return {
    name: operation === 'create' ? 'PUT /scores/:id' : 'PUT /scores/:id If-Match',
    bytes: upload.bytes,
    build: () => ({
      method: 'PUT',
      path: `/scores/${score.id}`,
      headers: {
        'content-type': 'application/vnd.recordare.musicxml+xml',
        'idempotency-key': key,
        ...(operation === 'modify' ? { 'if-match': `"${score.version}"` } : {}),
      },
      body: {
        bytes: upload.bytes,
        content: upload.bytes > streamBytes ? () => scoreChunks(upload.recipe, chunkRing()) : scoreText(upload.recipe),
      },
      read: 'text',
    }),
    check: (answer, _attemptId, mayBeReplay) => {
      // The version last acknowledged to this user is the only right one.
      if (answer.status === 412 || (answer.status === 404 && operation === 'modify'))
        return stale(`${answer.status}: version ${score.version} was acknowledged`, true);
      return checkStored(answer, expected, mayBeReplay);
    },
  };
}

function importStep({ key, score, upload }: IntendedWrite): Step<unknown> {
  return {
    name: 'import_score',
    bytes: upload.bytes,
    build: (attemptId) =>
      toolCallRequest(
        'import_score',
        { score_id: score.id, content: scoreText(upload.recipe), idempotency_key: key },
        attemptId,
        toolAnswerBytes,
      ),
    check: (answer, attemptId) => {
      const output = readToolOutput(answer, attemptId, importScoreOutputSchema);
      if (output.verdict !== 'right') return output;
      const { score_id: id, version, sha256, notes, measures, parts } = output.value;
      if (id !== score.id) return corrupt(`stored ${id} for ${score.id}`);
      if (sha256 !== upload.sha256) return corrupt(`stored other content for ${id}`);
      if (version !== 1) return corrupt(`version ${version} of a new score`);
      if (notes !== upload.notes || measures !== upload.measures || parts !== 1)
        return corrupt(
          `${parts} parts, ${measures} measures, ${notes} notes; due were 1, ${upload.measures}, ${upload.notes}`,
        );
      return output;
    },
  };
}

// ---- deletion -------------------------------------------------------------------------------------------------------

/**
 * True when nothing is left to be done for it: the server said that it is gone, or it was absent although nobody deleted it.
 * The latter stays in the ledger as acknowledged and not deleted, so the read-back will find it lost.
 */
export async function deleteScore(tools: OperationTools, user: number, score: LiveScore): Promise<boolean> {
  score.writing = true;
  // Each try has a key of its own: one that was refused says nothing of one before it that had no answer.
  score.writes += 1;
  const key = `${score.id}-d${score.writes}`;
  const { ledger } = tools;
  await ledger.write({ type: 'intended', key, user, operation: 'delete', scoreId: score.id, hash: score.known.sha256 });
  const end = await tools.run<null>({
    name: 'DELETE /scores/:id',
    bytes: 0,
    build: () => ({ method: 'DELETE', path: `/scores/${score.id}`, headers: {}, read: 'text' }),
    // Absence is right only for one that was never acknowledged, or that was deleted without an answer before.
    check: (answer, _attemptId, mayBeGone) =>
      checkDeleted(answer, mayBeGone || score.deletionTried || score.version === 0),
  });
  if (end.how === 'right') {
    await ledger.write({ type: 'deleted', key, scoreId: score.id });
    return true;
  }
  score.writing = false;
  const reason = end.how === 'cancelled' ? 'the run ended' : `${end.outcome}: ${end.detail}`.slice(0, 200);
  await ledger.write({ type: end.mayHaveHappened ? 'unknown' : 'refused', key, reason });
  score.uncertain ||= end.mayHaveHappened;
  score.deletionTried ||= end.mayHaveHappened;
  return end.how === 'failed' && end.outcome === 'stale';
}

// ---- reads ----------------------------------------------------------------------------------------------------------

export async function analyzeScore(tools: OperationTools, score: LiveScore): Promise<OperationEnd> {
  return endOfRead(
    await tools.run<unknown>({
      name: 'key_analysis',
      bytes: score.known.bytes,
      build: (attemptId) => toolCallRequest('key_analysis', { score_id: score.id }, attemptId, toolAnswerBytes),
      check: (answer, attemptId) => checkKey(answer, attemptId, score),
    }),
  );
}

function checkKey(answer: Answer, attemptId: string, score: LiveScore): Checked<unknown> {
  const output = absentIsStale(readToolOutput(answer, attemptId, keyAnalysisOutputSchema), score);
  if (output.verdict !== 'right') return output;
  const { score_id: id, version, key } = output.value;
  if (id !== score.id) return corrupt(`the key of ${id} instead of ${score.id}`);
  if (version < score.version) return stale(`version ${version} after ${score.version} was acknowledged`);
  if (version > score.version) return corrupt(`version ${version}, last acknowledged was ${score.version}`);
  if (key !== score.known.key) return corrupt(`${key ?? 'no key'} instead of ${score.known.key}`);
  return output;
}

export async function exportScore(
  tools: OperationTools,
  score: LiveScore,
  throughTools: boolean,
): Promise<OperationEnd> {
  return endOfRead(await tools.run<unknown>(throughTools ? exportToolStep(score) : getStep(score)));
}

/** The score as stored, hashed while it streams by. */
export function getStep(score: LiveScore): Step<null> {
  return {
    name: 'GET /scores/:id',
    bytes: score.known.bytes,
    build: () => ({ method: 'GET', path: `/scores/${score.id}`, headers: {}, read: 'hash' }),
    check: (answer) => checkExport(answer, score),
  };
}

function exportToolStep(score: LiveScore): Step<null> {
  return {
    name: 'export_score',
    bytes: score.known.bytes,
    build: (attemptId) =>
      toolCallRequest('export_score', { score_id: score.id }, attemptId, score.known.bytes * 3 + toolAnswerBytes),
    check: (answer, attemptId) => {
      const output = absentIsStale(readToolOutput(answer, attemptId, exportScoreOutputSchema), score);
      if (output.verdict !== 'right') return output;
      const { score_id: id, version, format, encoding, content, sha256 } = output.value;
      if (id !== score.id || format !== 'musicxml' || encoding !== 'text')
        return corrupt(`${format} of ${id} for musicxml of ${score.id}`);
      if (sha256 !== sha256Hex(content)) return corrupt('the declared digest is another');
      return checkMusic(content, version, score);
    },
  };
}

/** A tool that does not know an acknowledged score answers from before it was acknowledged. */
function absentIsStale<Value>(checked: Checked<Value>, score: LiveScore): Checked<Value> {
  return checked.verdict === 'refusal' && /NOT_FOUND/.test(checked.code)
    ? stale(`acknowledged version ${score.version} is absent`)
    : checked;
}

function endOfRead(end: StepEnd<unknown>): OperationEnd {
  return end.how === 'right' ? 'ok' : end.how;
}

export const operationsOnScores: ReadonlySet<OperationKind> = new Set(['analyze', 'modify', 'export']);
