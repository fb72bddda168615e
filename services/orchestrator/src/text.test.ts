import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { durationText, plainText, refusalText } from './text.ts';

describe('plainText', () => {
  it('escapes control characters only', () => {
    assert.equal(plainText('a\u001b]0;mine\u0007\r\u202eb'), 'a\\u{1b}]0;mine\\u{7}\\u{d}\\u{202e}b');
    const text = 'Größe 3 µs – “✔” ♭\n\t1 €';
    assert.equal(plainText(text), text);
  });

  it('is applied to refusals', () => {
    assert.equal(refusalText(['run.yaml: \u001b[31mred: no']), 'Refused to start:\n  run.yaml: \\u{1b}[31mred: no\n');
  });
});

describe('durationText', () => {
  it('formats durations', () => {
    assert.deepEqual([0.44, 59.94, 182, 86_407].map(durationText), ['0.4s', '59.9s', '3m 02s', '24h 00m 07s']);
  });
});
