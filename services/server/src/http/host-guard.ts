/** Refuses requests that a page of another site makes through a browser (DNS rebinding): Host and Origin must be names we know. */
import { EncoreError } from '@encore/kit';
import type { RequestHandler } from 'express';

export function hostGuard(allowedNames: readonly string[]): RequestHandler {
  const allowed = new Set(allowedNames);
  return (request, _response, next) => {
    const { host, origin } = request.headers;
    if (!allowed.has(nameIn(`http://${host}`))) throw forbidden('Host');
    // Programs send no Origin; browsers always do across sites.
    if (origin !== undefined && !allowed.has(nameIn(origin))) throw forbidden('Origin');
    next();
  };
}

/** The host name in an address, '' when it is none. */
function nameIn(address: string): string {
  return URL.parse(address)?.hostname ?? '';
}

function forbidden(header: string): EncoreError {
  return new EncoreError('FORBIDDEN_HOST', `this ${header} is not one of the server's names`, {
    status: 403,
    definite: true,
  });
}
