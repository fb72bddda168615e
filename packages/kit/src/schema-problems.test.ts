import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { schemaProblems } from './schema-problems.ts';

const schema = z.strictObject({
  size: z.number().int().min(1).max(9).default(1),
  wait: z.number().positive().max(60).default(1),
  inner: z.strictObject({ mode: z.enum(['fast', 'slow']).default('fast') }).prefault({}),
});

describe('problems of a value by its schema', () => {
  it('are none where the schema accepts it', () => {
    assert.deepEqual(schemaProblems(schema, { wait: 2 }), []);
  });

  it('name every place at once, with the value and what would be right', () => {
    assert.deepEqual(
      schemaProblems(schema, { sice: 4, size: 0, wait: '1s', inner: { mode: 'fats', colour: 1 } }).sort(),
      [
        'inner.colour: there is no such setting. There are mode',
        'inner.mode: "fats" is not right. Did you mean fast? Give one of fast, slow',
        'sice: there is no such setting. Did you mean size?',
        'size: 0 is not right; give a whole number from 1 to 9',
        'wait: "1s" is not right; give a number above 0 and at most 60',
      ],
    );
  });

  it('state what the whole must be when it is something else', () => {
    assert.deepEqual(schemaProblems(schema, [1]), ['[1] is not right; give settings by name: size, wait, inner']);
  });
});
