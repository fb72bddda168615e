/** Errors of the API, with Toxiproxy's messages and status codes. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export const badRequestBody = (why: string): ProxyError => new ProxyError(`bad request body: ${why}`, 400);
export const missingField = (field: string): ProxyError => new ProxyError(`missing required field: ${field}`, 400);
export const proxyNotFound = (): ProxyError => new ProxyError('proxy not found', 404);
export const proxyExists = (): ProxyError => new ProxyError('proxy already exists', 409);
export const toxicNotFound = (): ProxyError => new ProxyError('toxic not found', 404);
export const toxicExists = (): ProxyError => new ProxyError('toxic already exists', 409);
export const invalidToxicType = (): ProxyError => new ProxyError('invalid toxic type', 400);
export const invalidStream = (): ProxyError =>
  new ProxyError('stream was invalid, can be either upstream or downstream', 400);
