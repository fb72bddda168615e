import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { refusalOf } from './response-checks.ts';

describe('refusalOf', () => {
  const refusal = (status: number, body: unknown) =>
    refusalOf({ status, headers: { 'retry-after': '1' }, text: JSON.stringify(body), bytes: 0, sha256: '' });
  const error = { code: 'OVERLOADED', message: 'the queue is full', definite: true };

  it('reads code, message and definiteness from REST and JSON-RPC errors', () => {
    const { code, message, definite } = error;
    const expected = { kind: 'refusal', status: 503, retryAfterMs: 1_000, ...error };
    assert.deepEqual(refusal(503, { error }), expected);
    const rpc = { jsonrpc: '2.0', id: null, error: { code: -32_000, message, data: { code, definite } } };
    assert.deepEqual(refusal(503, rpc), expected);
  });

  it('keeps the text of an unknown error and treats it as not definite', () => {
    const { code, message, definite } = refusal(502, 'bad gateway');
    assert.deepEqual([code, message, definite], ['', '"bad gateway"', false]);
  });
});
