/**
 * The published schema of the report matches the contract, and the documentation names every field.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportSchema } from '@encore/contracts';
import { describe, it } from 'mocha';
import { reportJsonSchema, reportSchemaPath } from '../scripts/make-report-schema.ts';

describe('published report', () => {
  it('has the schema that the script generates', () => {
    assert.equal(readFileSync(reportSchemaPath, 'utf8'), reportJsonSchema());
  });

  it('has each field documented in docs/REPORT.md', () => {
    const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'REPORT.md'), 'utf8');
    const missing = Object.keys(reportSchema.shape).filter((field) => !text.includes(`\`${field}`));
    assert.deepEqual(missing, []);
  });
});
