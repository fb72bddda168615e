/** Refuses requests that a page of another site makes through a browser (DNS rebinding): Host and Origin must be names we know. */
import type { IncomingMessage } from 'node:http';
import { EncoreError } from './encore-error.ts';

const port = /:\d{1,5}$/;

/** This machine's names for itself, and the one by which the others call this service in Compose. */
export const hostNamesOf = (service: string): readonly string[] => ['localhost', '127.0.0.1', '[::1]', service];

/** Passes a request on, or throws: 403 for a Host or an Origin that is not of `allowedNames` (any port is), 400 without a clear Host. */
export function hostGuard(
  allowedNames: readonly string[],
): (request: IncomingMessage, response: unknown, next: () => void) => void {
  const allowed = new Set(allowedNames);
  return (request, _response, next) => {
    const { host, origin } = request.headers;
    if (!namesOneHost(request.rawHeaders)) throw unclearHost();
    if (!allowed.has(host?.replace(port, '') ?? '') && !allowed.has(nameIn(`http://${host}`))) throw forbidden('Host');
    // Programs send no Origin; browsers always do across sites.
    if (origin !== undefined && !allowed.has(nameIn(origin))) throw forbidden('Origin');
    next();
  };
}

/** Two of them may mean one host to a proxy in front and another one to us. */
function namesOneHost(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count === 1;
}

/** The host name in an address, '' when it is none. */
function nameIn(address: string): string {
  return URL.parse(address)?.hostname ?? '';
}

function forbidden(header: string): EncoreError {
  return new EncoreError('FORBIDDEN_HOST', `this ${header} is not one of the names known here`, {
    status: 403,
    definite: true,
  });
}

function unclearHost(): EncoreError {
  return new EncoreError('INVALID_INPUT', 'a request needs exactly one Host', { status: 400, definite: true });
}
