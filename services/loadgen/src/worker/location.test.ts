import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { frameOf, locationOf } from './location.ts';

function defined(): void {}

describe('location of an exception', () => {
  const lineOf = (start: string) =>
    readFileSync(import.meta.filename, 'utf8')
      .split('\n')
      .findIndex((text) => text.trimStart().startsWith(start)) + 1;

  it('is that of the innermost frame in the folder of the workload', () => {
    const error = new TypeError('wrong');
    const { problem, location } = locationOf(error, import.meta.url);
    assert.equal(problem, 'TypeError: wrong');
    assert.match(
      location ?? '',
      new RegExp(`^location\\.test\\.ts:${lineOf("const error = new TypeError('wrong')")}:\\d+$`),
    );
  });

  it('is elsewhere if it has none', () => {
    const place = `location.test.ts:${lineOf('function defined')}:17`;
    const elsewhere = () => frameOf(defined);
    assert.deepEqual(locationOf('no', import.meta.url, elsewhere), { problem: 'threw no', location: place });
    assert.equal(frameOf(Math.max), null);
  });
});
