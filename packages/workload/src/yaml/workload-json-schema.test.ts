import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { readYamlWorkload } from './read-yaml-workload.ts';
import { workloadJsonSchema } from './workload-json-schema.ts';

const docs = join(import.meta.dirname, '..', '..', '..', '..', 'docs');
const published: object = JSON.parse(readFileSync(join(docs, 'schema', 'workload.schema.json'), 'utf8'));
const page = readFileSync(join(docs, 'WORKLOADS.md'), 'utf8');

describe('published schema of a YAML workload', () => {
  it('equals the output of scripts/make-workload-schema.ts', () => {
    assert.deepEqual(published, JSON.parse(JSON.stringify(workloadJsonSchema())));
  });

  it('accepts the example of the documentation, as the load generator does, and finds a mistake', () => {
    const [, example = ''] = /```yaml\n(# yaml-language-server[\s\S]*?)```/.exec(page) ?? [];
    const validate = new Ajv2020({ strict: false }).compile(published);
    assert.ok(validate(parse(example)), JSON.stringify(validate.errors));
    assert.ok(readYamlWorkload(example, 'example.yaml').operations['add']);
    assert.equal(validate({ ...parse(example), operation: {} }), false);
  });
});
