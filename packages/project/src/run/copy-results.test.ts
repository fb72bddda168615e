import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { copyResults } from './copy-results.ts';

const formerPath = process.env['PATH'];

describe('results in the container of the orchestrator', () => {
  let folder = '';
  const inContainer = (): string => join(folder, 'container');
  const target = (): string => join(folder, 'shop', 'test_results');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-results-'));
    mkdirSync(join(inContainer(), 'production_test_20261130_010203'), { recursive: true });
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\ncp -r "\${2#it:}" "$3"\n`);
    chmodSync(join(folder, 'docker'), 0o755);
    process.env['PATH'] = `${folder}${delimiter}${formerPath}`;
  });
  afterEach(() => {
    process.env['PATH'] = formerPath;
    rmSync(folder, { recursive: true });
  });

  it('are copied next to earlier ones, and the new report states the verdict', async () => {
    mkdirSync(target(), { recursive: true });
    writeFileSync(join(target(), 'production_test_20261129_235959.json'), '{}');
    writeFileSync(join(inContainer(), 'production_test_20261130_010203.json'), '{ "result": "FAILED" }');
    assert.equal(await copyResults('it', inContainer(), target()), 'FAILED');
    assert.ok(existsSync(join(target(), 'production_test_20261130_010203')));
  });

  it('state no verdict without a report', async () => {
    assert.equal(await copyResults('it', inContainer(), target()), null);
  });

  it('are missed if they cannot be copied', async () => {
    await assert.rejects(copyResults('it', join(folder, 'missing'), target()), { code: 'DOCKER_FAILED' });
  });
});
