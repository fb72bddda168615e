/** The `http` of a workload, over one function that sends a request. */
import type { Http, Request } from '@encore/workload';

export function httpOf(send: Http['request']): Http {
  const method =
    (method: Request['method']) =>
    (path: string, options: Omit<Request, 'method' | 'path'> = {}) =>
      send({ ...options, method, path });
  return {
    request: send,
    get: method('GET'),
    post: method('POST'),
    put: method('PUT'),
    patch: method('PATCH'),
    delete: method('DELETE'),
  };
}
