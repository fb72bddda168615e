import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { readServerConfig, serverConfigSchema } from './config.ts';
import { limitProblems, roomOf } from './limit-problems.ts';

const mebibyte = 1024 * 1024;
/** Of the container in docker-compose.yml. */
const room = { memoryBytes: 512 * mebibyte, scratchBytes: 64 * mebibyte, scratchDir: '/scratch' };
const problems = (given: object, here = room): string[] => limitProblems(serverConfigSchema.parse(given), here);

/** "Performance Tuning" of the guide, as pasted. */
const guide = {
  max_concurrent_requests: 200,
  memory_limit_mb: 8_192,
  request_timeout: 600,
  max_request_size: 209_715_200,
};

describe('limits that cannot be kept', () => {
  it('are none of the shipped file in the shipped container', () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'server_config.json');
    const { limits, problems: found } = readServerConfig(path, { scratchDir: tmpdir(), memoryBytes: room.memoryBytes });
    assert.deepEqual(found, []);
    assert.deepEqual(limitProblems(serverConfigSchema.parse(limits), room), []);
    assert.deepEqual(problems({}), []);
  });

  it("are two of the guide's four keys in that container, each with what would be right", () => {
    assert.deepEqual(problems(guide), [
      'memory_limit_mb: 8192 MB is above the memory of this container, 512 MB. Give at most 512, or give the container more: ENCORE_SERVER_MEMORY_BYTES=8589934592',
      'max_request_size: 209715200 bytes (200 MB) never fit into spool_limit_mb, 60 MB. Give a spool_limit_mb of at least 200, or a max_request_size of at most 62914560',
    ]);
  });

  it("are none of the guide's once the container is as large as they say", () => {
    const large = { ...room, memoryBytes: 8_192 * mebibyte, scratchBytes: 256 * mebibyte };
    assert.deepEqual(problems({ ...guide, spool_limit_mb: 200 }, large), []);
  });

  it('are uploads that the scratch folder cannot hold, a cache above the limit, and waits beyond the request', () => {
    assert.deepEqual(
      problems({ spool_limit_mb: 128, memory_limit_mb: 40, tool_timeout: 61, queue_timeout: 5, request_timeout: 4 }),
      [
        'spool_limit_mb: 128 MB is above the size of the scratch folder /scratch, 64 MB. Give at most 64, or a larger folder: with Docker, ENCORE_SERVER_SCRATCH_MB=132',
        'cache.megabytes: 48 MB is above memory_limit_mb, 40 MB. Give at most a tenth of it',
        'tool_timeout: 61 s is above request_timeout, 4 s, which ends the request before. Give at most 4, or a longer request_timeout',
        'queue_timeout: 5 s is above request_timeout, 4 s, which ends the request before. Give at most 4, or a longer request_timeout',
      ],
    );
  });

  it('are measured at the folder that will hold the scratch folder, where it is not there yet', () => {
    const here = roomOf(join(tmpdir(), 'not', 'there', 'yet'), 7);
    assert.equal(here.memoryBytes, 7);
    assert.ok(here.scratchBytes > mebibyte, `${here.scratchBytes}`);
    assert.ok(roomOf(tmpdir(), null).memoryBytes > mebibyte, 'the memory of the machine');
  });
});
