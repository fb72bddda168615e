import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { refusalOf } from './answer-checks.ts';

describe('refusalOf', () => {
  const refusal = (status: number, body: unknown) =>
    refusalOf({ status, headers: { 'retry-after': '1' }, text: JSON.stringify(body), bytes: 0, sha256: '' });
  const error = { code: 'OVERLOADED', message: 'the queue is full', definite: true };

  it('reads the same code, message and definiteness from a REST error and from a JSON-RPC error', () => {
    const { code, message, definite } = error;
    const expected = { verdict: 'refusal', status: 503, retryAfterMs: 1_000, ...error };
    assert.deepEqual(refusal(503, { error }), expected);
    const rpc = { jsonrpc: '2.0', id: null, error: { code: -32_000, message, data: { code, definite } } };
    assert.deepEqual(refusal(503, rpc), expected);
  });

  it('keeps the text of an error that it cannot read, and does not call it definite', () => {
    const { code, message, definite } = refusal(502, 'bad gateway');
    assert.deepEqual([code, message, definite], ['', '"bad gateway"', false]);
  });
});
