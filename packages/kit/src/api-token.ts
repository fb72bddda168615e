/**
 * The secret between the orchestrator and a service that only the orchestrator may command. The service writes it to a
 * file that nobody else can reach; a client sends it as a bearer token.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { writeFileAtomic } from './durable-file.ts';
import { EncoreError } from './encore-error.ts';

const tokenFormat = /^[0-9a-f]{64}$/;

/** The token in this file, which is written first where there is none. Its folder must keep others out. */
export async function createApiToken(path: string): Promise<string> {
  const found = readIfThere(path);
  if (found !== null) return found;
  const token = randomBytes(32).toString('hex');
  await writeFileAtomic(path, token);
  // The reader may be another user: in Compose the chaos service is root, the orchestrator is not.
  await chmod(path, 0o444);
  return token;
}

/** Read for each call, for the service may have been created again. Throws NO_TOKEN. */
export function readApiToken(path: string): string {
  const token = readIfThere(path);
  if (token !== null) return token;
  throw new EncoreError('NO_TOKEN', `${path} holds no API token; the chaos service writes it when it starts`, {
    status: 503,
  });
}

/** Passes a request with this token on. Throws UNAUTHORIZED (401) for any other. */
export function tokenGuard(token: string): (request: IncomingMessage, response: unknown, next: () => void) => void {
  const expected = Buffer.from(`Bearer ${token}`);
  return (request, _response, next) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new EncoreError('UNAUTHORIZED', 'this API takes requests of the orchestrator only: the token is missing', {
        status: 401,
        definite: true,
      });
    next();
  };
}

function readIfThere(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    return tokenFormat.test(text) ? text : null;
  } catch {
    return null;
  }
}
