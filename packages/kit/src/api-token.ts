/**
 * Authenticates the orchestrator to a service that takes commands only from it. The service writes
 * the token to a file in a protected folder; the client sends it as a bearer token.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { writeFileAtomic } from './durable-file.ts';
import { EncoreError } from './encore-error.ts';

const tokenFormat = /^[0-9a-f]{64}$/;

/** Returns the token in this file; creates it if absent. Its folder must be protected. */
export async function createApiToken(path: string): Promise<string> {
  const found = tokenIn(path);
  if (found !== null) return found;
  const token = randomBytes(32).toString('hex');
  await writeFileAtomic(path, token);
  // The reader may be another user: in Compose, chaos runs as root and the orchestrator does not.
  await chmod(path, 0o444);
  return token;
}

/** Read for each call, because the service may have been recreated. Throws NO_TOKEN (503). */
export function readApiToken(path: string): string {
  const token = tokenIn(path);
  if (token !== null) return token;
  throw new EncoreError(
    'NO_TOKEN',
    `${path} contains no API token; the chaos service writes it at startup, so check that it is running`,
  );
}

/** Passes requests with this token; throws UNAUTHORIZED (401) for any other. */
export function tokenGuard(token: string): (request: IncomingMessage, response: unknown, next: () => void) => void {
  const expected = Buffer.from(`Bearer ${token}`);
  return (request, _response, next) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new EncoreError('UNAUTHORIZED', 'missing or wrong bearer token: only the orchestrator may call this API');
    next();
  };
}

function tokenIn(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    return tokenFormat.test(text) ? text : null;
  } catch {
    return null;
  }
}
