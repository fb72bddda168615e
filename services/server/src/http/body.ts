/** A request's body as it comes in: never longer than allowed once inflated, never slower than allowed, never more than a piece at a time. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { EncoreError } from '@encore/kit';

export interface BodyLimits {
  maxBytes: number;
  /** The longest silence between two pieces. */
  stallMs: number;
  signal: AbortSignal;
}

export function bodyTooLarge(maxBytes: number): EncoreError {
  return new EncoreError('TOO_LARGE', `the body is limited to ${maxBytes} bytes`, { status: 413, definite: true });
}

export async function* readBody(request: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') {
    if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) throw bodyTooLarge(limits.maxBytes);
    yield* limitSize(arriving(request, limits), limits.maxBytes);
  } else if (encoding === 'gzip') {
    yield* limitSize(inflate(arriving(request, limits)), limits.maxBytes);
  } else {
    throw new EncoreError('UNSUPPORTED_ENCODING', 'Content-Encoding must be identity or gzip', {
      status: 415,
      definite: true,
    });
  }
}

/** The whole body of a message that may be held in memory. */
export async function readWholeBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  // A small body mostly comes with its head and is there a turn later. Then nothing can stall, and nothing needs to watch.
  await turn();
  if (request.complete && request.headers['content-encoding'] === undefined) {
    if (request.readableLength > limits.maxBytes) throw bodyTooLarge(limits.maxBytes);
    return (request.read() as Buffer | null) ?? Buffer.alloc(0);
  }
  const pieces: Buffer[] = [];
  for await (const piece of readBody(request, limits)) pieces.push(piece);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

async function* arriving(request: IncomingMessage, { stallMs, signal }: BodyLimits): AsyncGenerator<Buffer> {
  // The request stays usable when we stop reading: its answer still has to be sent.
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
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    pieces
      .next()
      .then(resolve, (error) => reject(clientGone(error)))
      .finally(settle);
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
    throw new EncoreError('MALFORMED_BODY', 'the body is not valid gzip', {
      status: 400,
      definite: true,
      cause: error,
    });
  }
}

function slowBody(stallMs: number): EncoreError {
  return new EncoreError('SLOW_BODY', `no byte of the body came for ${stallMs} ms`, { status: 408, definite: true });
}

function clientGone(cause: unknown): EncoreError {
  return new EncoreError('CLIENT_GONE', 'the connection broke before the body was complete', {
    status: 400,
    definite: true,
    cause,
  });
}
