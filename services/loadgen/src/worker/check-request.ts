/**
 * Refuses a request that the workload built wrongly, so that the bug is not mistaken for a failure,
 * and an id or a digest that the read-back could not use.
 */
import type { Request } from '@encore/workload';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const members = new Set([
  'method',
  'path',
  'headers',
  'body',
  'json',
  'name',
  'status',
  'check',
  'read',
  'maxBytes',
  'bytes',
  'keyHeader',
]);
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

export function checkRequest(request: Request): Request {
  const problem = problemOfRequest(request);
  if (problem !== null) throw new TypeError(`invalid request: ${problem}`);
  return request;
}

export function problemOfRequest(request: Request): string | null {
  if (typeof request !== 'object' || request === null) return `expected an object, got ${String(request)}`;
  for (const name in request) if (!members.has(name)) return `unknown member ${name}; use ${[...members].join(', ')}`;
  const { method, path, headers, body, json } = request;
  if (!methods.includes(method)) return `method ${String(method)}; use one of ${methods.join(', ')}`;
  if (typeof path !== 'string' || !path.startsWith('/') || /[\s#]/.test(path))
    return `path ${JSON.stringify(path)}; it must start with / and be percent-encoded`;
  for (const [name, value] of Object.entries(headers ?? {}))
    if (!headerName.test(name) || typeof value !== 'string')
      return `header ${JSON.stringify(name)}: ${String(value)}; expected a lowercase name and a string`;
  if (body !== undefined && json !== undefined) return 'set body or json, not both';
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return null;
  return typeof body.chunks === 'function' && Number.isSafeInteger(body.bytes) && body.bytes >= 0
    ? null
    : 'body must be a string, bytes, or { bytes, chunks }';
}

/** Returns what is wrong with the workload's `probe`, or with what its function returned. */
export function problemOfProbe(probe: unknown): string | null {
  const { request, object } = (probe ?? {}) as { request?: Request; object?: { request?: Request } };
  if (request === undefined) return `probe is ${textOf(probe)}; expected { request: { method: 'GET', path: '/...' } }`;
  const own = problemOfRequest(request);
  if (own !== null) return `probe.request: ${own}`;
  const written = object === undefined ? null : problemOfRequest(object.request as Request);
  return written === null ? null : `probe.object.request: ${written}`;
}

/** A value as the author of the workload wrote it, cut to fit into a message. */
export function textOf(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? typeof value).slice(0, 60);
}

export function checkId(id: unknown, runId: string): void {
  if (typeof id !== 'string' || !id.startsWith(`${runId}-`) || id.length > 200)
    throw new TypeError(`wrong id ${JSON.stringify(id)}; take one from newId(), which starts with the run's id`);
}

export function checkDigest(digest: unknown): void {
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
    throw new TypeError(`wrong digest ${JSON.stringify(digest)}; use digestOf(...), a SHA-256 in hexadecimal`);
}
