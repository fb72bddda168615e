import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { readServerConfig } from './config.ts';
import { capacityOf, limitProblems } from './limit-problems.ts';
import { serverConfigSchema } from './server-config.ts';

const mebibyte = 1024 * 1024;
/** The capacity of the container in docker-compose.yml. */
const capacity = { memoryBytes: 512 * mebibyte, scratchBytes: 64 * mebibyte, scratchDir: '/scratch' };
const problems = (given: object, container = capacity): string[] =>
  limitProblems(serverConfigSchema.parse(given), container);

/** The settings of "Performance Tuning" in the guide. */
const guide = {
  max_concurrent_requests: 200,
  memory_limit_mb: 8_192,
  request_timeout: 600,
  max_request_size: 209_715_200,
};

describe('limitProblems', () => {
  it('accepts the shipped limits in the shipped container', () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'server_config.json');
    const { limits, problems: found } = readServerConfig(path, {
      scratchDir: tmpdir(),
      memoryBytes: capacity.memoryBytes,
    });
    assert.deepEqual(found, []);
    assert.deepEqual(limitProblems(serverConfigSchema.parse(limits), capacity), []);
    assert.deepEqual(problems({}), []);
  });

  it("rejects two of the guide's four limits in that container", () => {
    assert.deepEqual(problems(guide), [
      'memory_limit_mb: 8192 MB is above the memory of this container, 512 MB. Use at most 512, or give the container more memory: ENCORE_SERVER_MEMORY_BYTES=8589934592',
      'max_request_size: 209715200 bytes (200 MB) does not fit into spool_limit_mb, 60 MB. Use a spool_limit_mb of at least 200, or a max_request_size of at most 62914560',
    ]);
  });

  it("accepts the guide's limits in a container that is large enough", () => {
    const large = { ...capacity, memoryBytes: 8_192 * mebibyte, scratchBytes: 256 * mebibyte };
    assert.deepEqual(problems({ ...guide, spool_limit_mb: 200 }, large), []);
  });

  it('rejects a large spool, large heaps, a large cache, and timeouts above the request timeout', () => {
    assert.deepEqual(
      problems({ spool_limit_mb: 128, memory_limit_mb: 40, tool_timeout: 61, queue_timeout: 5, request_timeout: 4 }),
      [
        'spool_limit_mb: 128 MB is above the size of the scratch folder /scratch, 64 MB. Use at most 64, or a larger folder: with Docker, ENCORE_SERVER_SCRATCH_MB=132',
        'workers.heap_mb: 192 MB for each of 2 processes is above memory_limit_mb, 40 MB. Use at most 20, or fewer workers.processes',
        'cache.megabytes: 48 MB is above memory_limit_mb, 40 MB. Use at most a tenth of it',
        'tool_timeout: 61 s is above request_timeout, 4 s, which ends the request earlier. Use at most 4, or a longer request_timeout',
        'queue_timeout: 5 s is above request_timeout, 4 s, which ends the request earlier. Use at most 4, or a longer request_timeout',
      ],
    );
  });

  it('measures the parent of a scratch folder that does not exist yet', () => {
    const measured = capacityOf(join(tmpdir(), 'not', 'there', 'yet'), 7);
    assert.equal(measured.memoryBytes, 7);
    assert.ok(measured.scratchBytes > mebibyte, `${measured.scratchBytes}`);
    assert.ok(capacityOf(tmpdir(), null).memoryBytes > mebibyte, 'the memory of the machine');
  });
});
