/**
 * The published schema of a settings file matches the contract, accepts the included files, and
 * finds mistakes.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { z } from 'zod';
import { configJsonSchema } from '../../../../scripts/make-config-schema.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const published: unknown = JSON.parse(readFileSync(join(root, 'docs', 'schema', 'config.schema.json'), 'utf8'));
const schema = z.fromJSONSchema(published as z.core.JSONSchema.JSONSchema);

/** The path of the first error, or '' for none. */
function wrongAt(settings: unknown): string {
  const [issue] = schema.safeParse(settings).error?.issues ?? [];
  if (issue === undefined) return '';
  return issue.code === 'unrecognized_keys' ? issue.keys.join() : issue.path.join('.') || issue.code;
}

describe('published schema of the settings', () => {
  it('equals the output of the script', () => {
    assert.deepEqual(published, JSON.parse(JSON.stringify(configJsonSchema())));
  });

  for (const name of readdirSync(join(root, 'scenarios')))
    it(`allows scenarios/${name}`, () => {
      assert.equal(wrongAt(parse(readFileSync(join(root, 'scenarios', name), 'utf8'))), '');
    });

  it('requires nothing, except in schedule rules', () => {
    assert.equal(wrongAt({}), '');
    assert.equal(wrongAt({ load: { mix: { heavy: 0 } }, network: { durationSeconds: { max: 6 } } }), '');
    const nameless = { target: 'server', when: { atSeconds: [1] }, faults: [{ kind: 'crash' }] };
    assert.equal(wrongAt({ schedule: [nameless] }), 'schedule.0.name');
  });

  it('finds mistakes', () => {
    assert.equal(wrongAt({ hours: 'soon' }), 'hours');
    assert.equal(wrongAt({ profile: 'smok' }), 'profile');
    assert.equal(wrongAt({ colour: 'red' }), 'colour');
    assert.equal(wrongAt({ thresholds: { sucess_rate: 'value>=0.9' } }), 'sucess_rate');
    const rule = { name: 'a', target: 'server', when: { atSeconds: [1] }, faults: [{ kind: 'crush' }] };
    assert.equal(wrongAt({ schedule: [rule] }), 'schedule.0.faults.0');
  });
});
