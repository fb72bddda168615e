import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseDocument } from 'yaml';
import { offsetOf } from './setting-offset.ts';

const text = `
limits: &limits { api: 1, 'api:8000': { probe: htp } }
schedule:
  - name: kills
    faults: [{ kind: crash }, { kind: crush }]
  - name: more
    limits: *limits
`;

/** What is in the document at the position of a problem. */
const found = (problem: string): string | null => {
  const offset = offsetOf(parseDocument(text), problem);
  return offset === null ? null : (/^['{]?[\w:]+|^{ kind: \w+/.exec(text.slice(offset))?.[0] ?? '');
};

describe('offsetOf', () => {
  it('finds a key below maps and lists', () => {
    assert.equal(found('schedule[1].name: is wrong'), 'name:');
    assert.equal(found('schedule[0].faults[1].kind: "crush" is not valid'), 'kind:');
    assert.equal(found('schedule[0].faults[1]: crush cannot target db'), '{ kind: crush');
  });

  it('finds a key that contains a colon, and one that begins another', () => {
    assert.equal(found('limits.api:8000.probe: "htp" is not valid'), 'probe:');
    assert.equal(found('limits.api: 1 is not valid'), 'api:');
    assert.equal(found('limits.api:8000: no such port'), "'api:8000");
  });

  it('finds the setting in which another one is missing, also behind an alias', () => {
    assert.equal(found('limits.api:8000.port: is missing'), "'api:8000");
    assert.equal(found('schedule[1].limits.api: 1 is not valid'), 'api:');
    assert.equal(found('users: is missing'), null);
  });
});
