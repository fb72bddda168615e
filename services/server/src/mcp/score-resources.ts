/** Stored scores as MCP resources: `score:///ID` is the file as it was uploaded. */
import { isUtf8 } from 'node:buffer';
import type { StoredScore } from '@encore/contracts';
import { scoreIdSchema } from '@encore/contracts/server-api';
import { EncoreError } from '@encore/kit';
import { exactSize } from '@encore/kit/exact-size';
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { ScoreLibrary } from '../scores/score-library.ts';
import { onePageSchema, scorePageSchema } from './params.ts';

const scheme = 'score:///';
const pageSize = 100;
/** A resource is one message in memory; GET /scores/{id} streams larger files. */
const maxResourceBytes = 4 * 1024 * 1024;
const mimeTypes: Record<StoredScore['format'], string> = {
  musicxml: 'application/vnd.recordare.musicxml+xml',
  mxl: 'application/vnd.recordare.musicxml',
  midi: 'audio/midi',
};

const readSchema = z.object({ uri: z.string() });

export function registerScoreResources(server: Server, library: ScoreLibrary): void {
  server.setRequestHandler('resources/list', { params: scorePageSchema }, async ({ cursor }, context) => {
    const scores = await withProtocolErrors(library.store.list('', cursor, pageSize, context.mcpReq.signal));
    const last = scores.length < pageSize ? undefined : scores.at(-1)?.id;
    const resources = scores.map(({ id, format, bytes }) => ({
      uri: scheme + id,
      name: id,
      mimeType: mimeTypes[format],
      size: bytes,
    }));
    return last === undefined ? { resources } : { resources, nextCursor: last };
  });
  server.setRequestHandler('resources/templates/list', { params: onePageSchema }, () => {
    const template = { uriTemplate: `${scheme}{id}`, name: 'score', description: 'A stored score, as uploaded.' };
    return { resourceTemplates: [template] };
  });
  server.setRequestHandler('resources/read', { params: readSchema }, async ({ uri }, context) => {
    return { contents: [await withProtocolErrors(readScore(library, uri, context.mcpReq.signal), { uri })] };
  });
}

async function readScore(library: ScoreLibrary, uri: string, signal: AbortSignal) {
  const id = scoreIdSchema.safeParse(uri.startsWith(scheme) ? uri.slice(scheme.length) : '');
  if (!id.success) throw new EncoreError('NOT_FOUND', `there is no resource ${uri}`);
  const head = await library.store.head(id.data, signal);
  if (head.bytes > maxResourceBytes) {
    throw new EncoreError(
      'TOO_LARGE',
      `a resource is limited to ${exactSize(maxResourceBytes)}; use GET /scores/${head.id}`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of library.store.read(head, signal)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const mimeType = mimeTypes[head.format];
  return head.format === 'musicxml' && isUtf8(bytes)
    ? { uri, mimeType, text: bytes.toString('utf8') }
    : { uri, mimeType, blob: bytes.toString('base64') };
}

/** Resources have no error results, unlike tools, so failures become protocol errors. */
async function withProtocolErrors<T>(work: Promise<T>, data: { uri?: string } = {}): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof EncoreError)) throw error;
    const { code, message, status, definite } = error;
    const kind = status < 500 ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
    throw new ProtocolError(kind, message, { code, definite, ...data });
  }
}
