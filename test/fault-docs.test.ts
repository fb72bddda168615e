import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { faultDocs } from '../scripts/make-fault-docs.ts';

describe('docs/FAULTS.md', () => {
  it('matches the fault table (node scripts/make-fault-docs.ts)', () => {
    assert.equal(readFileSync(join(import.meta.dirname, '../docs/FAULTS.md'), 'utf8'), faultDocs());
  });
});
