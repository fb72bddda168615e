import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { schemaProblems } from './schema-problems.ts';

const schema = z.strictObject({
  size: z.number().int().min(1).max(9).default(1),
  wait: z.number().positive().max(60).default(1),
  inner: z.strictObject({ mode: z.enum(['fast', 'slow']).default('fast') }).prefault({}),
});

describe('schemaProblems', () => {
  it('returns nothing for a value that the schema accepts', () => {
    assert.deepEqual(schemaProblems(schema, { wait: 2 }), []);
  });

  it('lists every problem with its path, the value and what is expected', () => {
    assert.deepEqual(
      schemaProblems(schema, { sice: 4, size: 0, wait: '1s', inner: { mode: 'fats', colour: 1 } }).sort(),
      [
        'inner.colour: unknown setting. Known settings: mode',
        'inner.mode: "fats" is not valid. Did you mean fast? Expected one of fast, slow',
        'sice: unknown setting. Did you mean size?',
        'size: 0 is not valid; expected a whole number from 1 to 9',
        'wait: "1s" is not valid; expected a number above 0 and at most 60',
      ],
    );
  });

  it('states the expected shape if the whole value has another', () => {
    assert.deepEqual(schemaProblems(schema, [1]), ['[1] is not valid; expected named settings: size, wait, inner']);
  });
});
