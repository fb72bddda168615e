/**
 * Streams a request body piece by piece, with limits on its decompressed size and on the time
 * between two pieces.
 */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { EncoreError } from '@encore/kit';
import { exactSize } from '@encore/kit/exact-size';

export interface BodyLimits {
  maxBytes: number;
  /** The maximum time between two pieces. */
  stallMs: number;
  signal: AbortSignal;
}

export function bodyTooLarge(maxBytes: number): EncoreError {
  return new EncoreError('TOO_LARGE', `the body is limited to ${exactSize(maxBytes)}`);
}

/**
 * Throws TOO_LARGE, SLOW_BODY, UNSUPPORTED_ENCODING, MALFORMED_BODY, BODY_INCOMPLETE, or the
 * signal's reason.
 */
export async function* readBody(request: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') {
    if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) throw bodyTooLarge(limits.maxBytes);
    yield* limitSize(incoming(request, limits), limits.maxBytes);
  } else if (encoding === 'gzip') {
    yield* limitSize(inflate(incoming(request, limits)), limits.maxBytes);
  } else {
    throw new EncoreError('UNSUPPORTED_ENCODING', 'Content-Encoding must be identity or gzip');
  }
}

/** Reads a whole body into memory; for messages with a small maximum size. */
export async function readWholeBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  // A small body usually arrives with its head and is complete one turn later, so it needs no
  // timer.
  await turn();
  if (request.complete && request.headers['content-encoding'] === undefined) {
    if (request.readableLength > limits.maxBytes) throw bodyTooLarge(limits.maxBytes);
    return (request.read() as Buffer | null) ?? Buffer.alloc(0);
  }
  const pieces: Buffer[] = [];
  for await (const piece of readBody(request, limits)) pieces.push(piece);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

async function* incoming(request: IncomingMessage, { stallMs, signal }: BodyLimits): AsyncGenerator<Buffer> {
  // Keep the request usable when we stop reading: its response must still be sent.
  const pieces = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await nextWithin(pieces, stallMs, signal);
    if (next.done === true) return;
    yield next.value as Buffer;
  }
}

function nextWithin(
  pieces: NodeJS.AsyncIterator<unknown>,
  stallMs: number,
  signal: AbortSignal,
): Promise<IteratorResult<unknown>> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    const timer = setTimeout(() => reject(slowBody(stallMs)), stallMs);
    const cleanUp = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    pieces
      .next()
      .then(resolve, (error) => reject(bodyIncomplete(error)))
      .finally(cleanUp);
  });
}

async function* limitSize(pieces: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const piece of pieces) {
    total += piece.length;
    if (total > maxBytes) throw bodyTooLarge(maxBytes);
    yield piece;
  }
}

async function* inflate(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = pipeline(pieces, createGunzip(), () => {});
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof EncoreError) throw error;
    throw new EncoreError('MALFORMED_BODY', 'the body is not valid gzip', { cause: error });
  }
}

function slowBody(stallMs: number): EncoreError {
  return new EncoreError('SLOW_BODY', `received no body data for ${stallMs / 1_000} s`);
}

function bodyIncomplete(cause: unknown): EncoreError {
  return new EncoreError('BODY_INCOMPLETE', 'the connection broke before the body was complete', { cause });
}
