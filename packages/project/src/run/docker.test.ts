import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { docker } from './docker.ts';

const formerPath = process.env['PATH'];

describe('docker command that fails', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-docker-'));
    writeFileSync(join(folder, 'docker'), '#!/bin/sh\necho no such file >&2\nexit 14\n');
    chmodSync(join(folder, 'docker'), 0o755);
    process.env['PATH'] = `${folder}${delimiter}${formerPath}`;
  });
  afterEach(() => {
    process.env['PATH'] = formerPath;
    rmSync(folder, { recursive: true });
  });

  for (const [args, name] of [
    ['compose --progress quiet -p shop -f compose.yaml up -d', 'docker compose up'],
    ['compose -p shop port web 80', 'docker compose port'],
    ['image ls -q web', 'docker image ls'],
    ['pull --quiet web', 'docker pull'],
  ] as const)
    it(`is named ${name}`, async () => {
      const message = `${name} failed with exit code 14\nno such file`;
      await assert.rejects(docker(args.split(' ')), { code: 'DOCKER_FAILED', message });
    });
});
