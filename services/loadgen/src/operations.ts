/**
 * The operations of a user. Each consists of steps, which send a request and check the response.
 */
import {
  exportScoreOutputSchema,
  importScoreOutputSchema,
  keyAnalysisOutputSchema,
  type OperationKind,
} from '@encore/contracts';
import { sha256Hex } from '@encore/kit';
import { chunkRing } from './chunk-ring.ts';
import type { CheckResult } from './classify-outcome.ts';
import type { HttpResponse } from './exchange.ts';
import type { Ledger } from './ledger.ts';
import type { LiveScore } from './live-score.ts';
import { readToolOutput, toolCallRequest } from './mcp-call.ts';
import { checkDeleted, checkExport, checkMusic, checkStored, corrupt, stale } from './response-checks.ts';
import { type KnownScore, scoreChunks, scoreText } from './score-generator.ts';
import type { Step, StepEnd } from './step.ts';

/** What an operation needs to run its steps. */
export interface OperationTools {
  ledger: Ledger;
  run: <Value>(step: Step<Value>) => Promise<StepEnd<Value>>;
}

/** How an operation ended. `unknown`: a write without a response; `cancelled`: the run ended. */
export type OperationEnd = 'ok' | 'failed' | 'unknown' | 'cancelled';

/** Maximum size of a score sent through a tool, where it is part of a JSON document. */
export const toolBytes = 16 * 1024;
const streamBytes = 128 * 1024;
const toolAnswerBytes = 256 * 1024;

// ---- writes -----------------------------------------------------------------------------------

export interface IntendedWrite {
  operation: 'create' | 'modify';
  key: string;
  score: LiveScore;
  upload: KnownScore;
  throughTools: boolean;
}

/** Records the intended write; it must be on disk before the request is sent. */
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

/** Records that the write certainly had no effect, because it was refused or never sent. */
export async function abandonWrite(ledger: Ledger, write: IntendedWrite, reason: string): Promise<void> {
  write.score.writing = false;
  await ledger.write({ type: 'refused', key: write.key, reason });
}

/** Sends the write and records its result first. Only an acknowledgement changes the score. */
export async function sendWrite(tools: OperationTools, write: IntendedWrite): Promise<OperationEnd> {
  const { score, upload, key } = write;
  const end = await tools.run(write.throughTools && write.operation === 'create' ? importStep(write) : putStep(write));
  score.writing = false;
  if (end.kind === 'ok') {
    score.previous = score.version === 0 ? null : score.known;
    score.known = upload;
    score.version += 1;
    score.acknowledgedKey = key;
    const { version } = score;
    await tools.ledger.write({ type: 'acknowledged', key, scoreId: score.id, hash: upload.sha256, version });
    return 'ok';
  }
  const reason = end.kind === 'cancelled' ? 'the run ended' : `${end.outcome}: ${end.detail}`.slice(0, 200);
  score.uncertain ||= end.mayHaveHappened;
  if (end.mayHaveHappened) await tools.ledger.write({ type: 'unknown', key, reason });
  else await abandonWrite(tools.ledger, write, reason);
  if (end.kind === 'cancelled') return 'cancelled';
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
    check: (response, _attemptId, mayBeReplay) => {
      // The server must know the version that it last acknowledged.
      if (response.status === 412 || (response.status === 404 && operation === 'modify'))
        return stale(`${response.status}: version ${score.version} was acknowledged`, true);
      return checkStored(response, expected, mayBeReplay);
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
    check: (response, attemptId) => {
      const output = readToolOutput(response, attemptId, importScoreOutputSchema);
      if (output.kind !== 'ok') return output;
      const { score_id: id, version, sha256, notes, measures, parts } = output.value;
      if (id !== score.id) return corrupt(`stored ${id} instead of ${score.id}`);
      if (sha256 !== upload.sha256) return corrupt(`stored different content for ${id}`);
      if (version !== 1) return corrupt(`version ${version} for a new score`);
      if (notes !== upload.notes || measures !== upload.measures || parts !== 1)
        return corrupt(
          `${parts} parts, ${measures} measures, ${notes} notes; expected 1, ${upload.measures}, ${upload.notes}`,
        );
      return output;
    },
  };
}

// ---- deletion ---------------------------------------------------------------------------------

/**
 * Deletes a score. Returns true if it needs no further work: the server confirmed the deletion, or
 * the score was already missing. A missing score stays acknowledged in the ledger, so the read-back
 * reports it as lost.
 */
export async function deleteScore(tools: OperationTools, user: number, score: LiveScore): Promise<boolean> {
  score.writing = true;
  // A new key for each deletion: a refused one does not resolve an earlier one without a response.
  score.writes += 1;
  const key = `${score.id}-d${score.writes}`;
  const { ledger } = tools;
  await ledger.write({ type: 'intended', key, user, operation: 'delete', scoreId: score.id, hash: score.known.sha256 });
  const end = await tools.run<null>({
    name: 'DELETE /scores/:id',
    bytes: 0,
    build: () => ({ method: 'DELETE', path: `/scores/${score.id}`, headers: {}, read: 'text' }),
    // A missing score is correct only if it was never acknowledged or may have been deleted before.
    check: (response, _attemptId, mayBeGone) =>
      checkDeleted(response, mayBeGone || score.deletionTried || score.version === 0),
  });
  if (end.kind === 'ok') {
    await ledger.write({ type: 'deleted', key, scoreId: score.id });
    return true;
  }
  score.writing = false;
  const reason = end.kind === 'cancelled' ? 'the run ended' : `${end.outcome}: ${end.detail}`.slice(0, 200);
  await ledger.write({ type: end.mayHaveHappened ? 'unknown' : 'refused', key, reason });
  score.uncertain ||= end.mayHaveHappened;
  score.deletionTried ||= end.mayHaveHappened;
  return end.kind === 'failed' && end.outcome === 'stale';
}

// ---- reads ------------------------------------------------------------------------------------

export async function analyzeScore(tools: OperationTools, score: LiveScore): Promise<OperationEnd> {
  return endOfRead(
    await tools.run<unknown>({
      name: 'key_analysis',
      bytes: score.known.bytes,
      build: (attemptId) => toolCallRequest('key_analysis', { score_id: score.id }, attemptId, toolAnswerBytes),
      check: (response, attemptId) => checkKey(response, attemptId, score),
    }),
  );
}

function checkKey(response: HttpResponse, attemptId: string, score: LiveScore): CheckResult<unknown> {
  const output = absentIsStale(readToolOutput(response, attemptId, keyAnalysisOutputSchema), score);
  if (output.kind !== 'ok') return output;
  const { score_id: id, version, key } = output.value;
  if (id !== score.id) return corrupt(`key of ${id} instead of ${score.id}`);
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

/** Reads the stored score and hashes it as a stream. */
export function getStep(score: LiveScore): Step<null> {
  return {
    name: 'GET /scores/:id',
    bytes: score.known.bytes,
    build: () => ({ method: 'GET', path: `/scores/${score.id}`, headers: {}, read: 'hash' }),
    check: (response) => checkExport(response, score),
  };
}

function exportToolStep(score: LiveScore): Step<null> {
  return {
    name: 'export_score',
    bytes: score.known.bytes,
    build: (attemptId) =>
      toolCallRequest('export_score', { score_id: score.id }, attemptId, score.known.bytes * 3 + toolAnswerBytes),
    check: (response, attemptId) => {
      const output = absentIsStale(readToolOutput(response, attemptId, exportScoreOutputSchema), score);
      if (output.kind !== 'ok') return output;
      const { score_id: id, version, format, encoding, content, sha256 } = output.value;
      if (id !== score.id || format !== 'musicxml' || encoding !== 'text')
        return corrupt(`${format} of ${id} instead of musicxml of ${score.id}`);
      if (sha256 !== sha256Hex(content)) return corrupt('declared digest differs from the content');
      return checkMusic(content, version, score);
    },
  };
}

/** A tool that does not know an acknowledged score returned an outdated state. */
function absentIsStale<Value>(checked: CheckResult<Value>, score: LiveScore): CheckResult<Value> {
  return checked.kind === 'refusal' && /NOT_FOUND/.test(checked.code)
    ? stale(`acknowledged version ${score.version} is absent`)
    : checked;
}

function endOfRead(end: StepEnd<unknown>): OperationEnd {
  return end.kind;
}

export const operationsOnScores: ReadonlySet<OperationKind> = new Set(['analyze', 'modify', 'export']);
