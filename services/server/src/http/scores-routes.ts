/** Scores over plain HTTP, streamed. Ids and keys are validated before the body is read. */
import { idempotencyKeySchema, type StoredScore, scoreIdSchema } from '@encore/contracts/server-api';
import { EncoreError, parse } from '@encore/kit';
import { detectFormat } from '@encore/music';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { chunkBytes, notFound, type ScoreStore } from '../database/score-store.ts';
import type { Metrics } from '../metrics.ts';
import { type Admission, costOfScore } from '../resilience/admission.ts';
import { readBody } from './body.ts';
import type { RequestLocals } from './request-signal.ts';
import type { ResponseBudget } from './response-budget.ts';
import type { Spool } from './spool.ts';

export interface ScoresRoutesOptions {
  store: ScoreStore;
  admission: Admission;
  spool: Spool;
  responseBudget: ResponseBudget;
  metrics: Metrics;
  maxBytes: number;
  stallMs: number;
}

type LocalResponse = Response<unknown, RequestLocals>;

const listQuerySchema = z.strictObject({
  prefix: z.union([z.literal(''), scoreIdSchema]).default(''),
  after: z.union([z.literal(''), scoreIdSchema]).default(''),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export function scoresRoutes(options: ScoresRoutesOptions): Router {
  const { store, admission } = options;
  const router = Router();
  router.put('/scores/:id', (request: Request, response: LocalResponse) => putScore(options, request, response));
  router.get('/scores/:id', (request: Request, response: LocalResponse) => getScore(options, request, response));
  router.delete('/scores/:id', async (request: Request, response: LocalResponse) => {
    const id = idOf(request);
    const { signal } = response.locals;
    if (!(await admission.run('light', () => store.delete(id, signal), signal))) throw notFound(id);
    response.status(204).end();
  });
  router.get('/scores', async (request: Request, response: LocalResponse) => {
    const { prefix, after, limit } = parse(listQuerySchema, request.query, 'query');
    const { signal } = response.locals;
    const scores = await admission.run('light', () => store.list(prefix, after, limit, signal), signal);
    response.json({ scores, next: scores.length < limit ? null : (scores.at(-1)?.id ?? null) });
  });
  return router;
}

async function putScore(options: ScoresRoutesOptions, request: Request, response: LocalResponse): Promise<void> {
  const id = idOf(request);
  const key = request.get('idempotency-key');
  const idempotencyKey = key === undefined ? null : parse(idempotencyKeySchema, key, 'Idempotency-Key');
  const expectedVersion = versionOf(request.get('if-match'));
  const { signal } = response.locals;
  const body = readBody(request, { maxBytes: options.maxBytes, stallMs: options.stallMs, signal });
  await using spooled = await options.spool.receive(body);
  const format = detectFormat(spooled.head);
  if (format === null) {
    throw new EncoreError('UNSUPPORTED_FORMAT', 'the body must be MusicXML, compressed MusicXML or a MIDI file');
  }
  const { bytes, sha256 } = spooled;
  const upload = { id, expectedVersion, idempotencyKey, bytes, sha256, format, chunks: spooled.chunks(chunkBytes) };
  const stored = await options.admission.run(costOfScore(bytes), () => options.store.write(upload, signal), signal);
  options.metrics.bytesStored.inc(stored.bytes);
  response.setHeader('etag', `"${stored.version}"`);
  response.status(stored.replayed || expectedVersion !== null ? 200 : 201).json(stored satisfies StoredScore);
}

async function getScore(options: ScoresRoutesOptions, request: Request, response: LocalResponse): Promise<void> {
  const { signal } = response.locals;
  const id = idOf(request);
  // Read the first chunk before responding, so that a corrupt small score becomes an error
  // response. Only this needs a slot; a slow client that reads the rest does not.
  const begin = async () => {
    const head = await options.store.head(id, signal);
    options.responseBudget.reserve(Math.min(head.bytes, chunkBytes), response, signal);
    const chunks = options.store.read(head, signal);
    return { head, chunks, first: await chunks.next() };
  };
  const { head, chunks, first } = await options.admission.run('light', begin, signal);
  let next = first;
  response.statusCode = 200;
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-length', head.bytes);
  response.setHeader('etag', `"${head.version}"`);
  response.setHeader('digest-sha256', head.sha256);
  while (next.done !== true) {
    await options.responseBudget.send(next.value, response, signal);
    next = await chunks.next();
  }
  response.end();
}

function idOf(request: Request): string {
  return parse(scoreIdSchema, request.params['id'], 'score id');
}

/** If-Match: "3" names the version to replace. */
function versionOf(header: string | undefined): number | null {
  if (header === undefined) return null;
  const digits = /^"([1-9][0-9]{0,8})"$/.exec(header)?.[1];
  if (digits !== undefined) return Number(digits);
  throw new EncoreError('INVALID_INPUT', 'If-Match must be a version in quotes, for example "3"');
}
