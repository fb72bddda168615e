/** Errors of a response as the music workload's error format reads them. */
import assert from 'node:assert/strict';
import { errorFormat } from '@encore/workload-music/server-errors';
import { describe, it } from 'mocha';
import { failureOfStatus, retryAfterMsOf } from './classify-outcome.ts';

describe('error format', () => {
  const response = (status: number, body: unknown) => ({
    status,
    headers: { 'retry-after': '1' },
    text: JSON.stringify(body),
    bytes: 0,
    digest: '',
    value: undefined,
  });
  const failure = (status: number, body: unknown) => failureOfStatus(response(status, body), undefined, errorFormat);
  const error = { code: 'OVERLOADED', message: 'the queue is full', definite: true };

  it('reads code, message and definiteness from REST and JSON-RPC errors', () => {
    const { code, message, definite } = error;
    const expected = { outcome: 'shed', detail: '503 OVERLOADED: the queue is full', definite: true };
    assert.deepEqual(failure(503, { error }), expected);
    const rpc = { jsonrpc: '2.0', id: null, error: { code: -32_000, message, data: { code, definite } } };
    assert.deepEqual(failure(503, rpc), expected);
    assert.equal(retryAfterMsOf(response(503, { error })), 1_000);
  });

  it('keeps the text of an unknown error and treats it as not definite', () => {
    assert.deepEqual(failure(502, 'bad gateway'), {
      outcome: 'server_error',
      detail: '502 "bad gateway"',
      definite: false,
    });
  });

  it('treats an unexpected success as a wrong response', () => {
    assert.equal(failureOfStatus(response(202, {}), [200, 201], errorFormat)?.outcome, 'corrupt');
    assert.equal(failureOfStatus(response(202, {}), undefined, errorFormat), null);
  });
});
