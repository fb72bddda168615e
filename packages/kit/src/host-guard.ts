/** Prevents DNS rebinding: rejects browser requests with an unknown Host or Origin. */
import type { IncomingMessage } from 'node:http';
import { EncoreError } from './encore-error.ts';

const port = /:\d{1,5}$/;

/** Loopback names, and the name of this service in Compose. */
export const hostNamesOf = (service: string): readonly string[] => ['localhost', '127.0.0.1', '[::1]', service];

/**
 * Passes a request, or throws: 403 if Host or Origin is not in `allowedNames` (any port is
 * allowed), 400 if there is not exactly one Host.
 */
export function hostGuard(
  allowedNames: readonly string[],
): (request: IncomingMessage, response: unknown, next: () => void) => void {
  const allowed = new Set(allowedNames);
  return (request, _response, next) => {
    const { host, origin } = request.headers;
    if (!hasOneHost(request.rawHeaders)) throw ambiguousHost();
    if (!allowed.has(host?.replace(port, '') ?? '') && !allowed.has(nameIn(`http://${host}`))) throw forbidden('Host');
    // Browsers always send an Origin across sites; other programs send none.
    if (origin !== undefined && !allowed.has(nameIn(origin))) throw forbidden('Origin');
    next();
  };
}

/** With two Host headers, a proxy may use one and this service the other. */
function hasOneHost(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count === 1;
}

/** Returns the host name of a URL; empty if the URL is invalid. */
function nameIn(address: string): string {
  return URL.parse(address)?.hostname ?? '';
}

function forbidden(header: string): EncoreError {
  return new EncoreError('FORBIDDEN_HOST', `host not allowed in the ${header} header; use localhost or 127.0.0.1`);
}

function ambiguousHost(): EncoreError {
  return new EncoreError('INVALID_INPUT', 'a request needs exactly one Host header');
}
