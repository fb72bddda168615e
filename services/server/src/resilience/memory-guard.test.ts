import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MemoryGuard, type MemoryLevel, nextLevel } from './memory-guard.ts';
import { readMemory } from './memory-limit.ts';

const mebibyte = 1024 * 1024;

describe('nextLevel', () => {
  it('rises at once and falls only well below the threshold', () => {
    const steps: [number, MemoryLevel][] = [
      [0.5, 'normal'],
      [0.7, 'elevated'],
      [0.66, 'elevated'],
      [0.64, 'normal'],
      [0.9, 'critical'],
      [0.84, 'critical'],
      [0.82, 'high'],
      [0.76, 'high'],
      [0.74, 'elevated'],
      [2, 'critical'],
      [0, 'normal'],
    ];
    let level: MemoryLevel = 'normal';
    for (const [share, expected] of steps) {
      level = nextLevel(level, share);
      assert.equal(level, expected, `at ${share}`);
    }
  });
});

describe('MemoryGuard', () => {
  it('sees a limit that is lowered and raised while it watches, relieves, and reports each change once', () => {
    let limitBytes = 1_000;
    const relieved: MemoryLevel[] = [];
    const changes: MemoryLevel[] = [];
    const clock: Clock = { now: () => 0, sleep: () => new Promise(() => {}) };
    using guard = new MemoryGuard({
      read: () => ({ usedBytes: 450, limitBytes, source: 'file' }),
      clock,
      everyMs: 100,
      relieve: (level) => relieved.push(level),
      onChange: (level) => changes.push(level),
    });
    guard.sample();
    assert.equal(guard.level, 'normal');
    limitBytes = 500;
    guard.sample();
    guard.sample();
    assert.deepEqual([guard.level, changes, relieved], ['critical', ['critical'], ['critical', 'critical']]);
    limitBytes = 1_000;
    guard.sample();
    assert.deepEqual(changes, ['critical', 'normal']);
  });
});

describe('readMemory', () => {
  let folder = '';
  const write = (path: string, text: string): void => {
    const full = join(folder, path);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, text);
  };
  const read = (limitFile: string | null = null) =>
    readMemory({
      configuredBytes: 512 * mebibyte,
      limitFile,
      procFolder: join(folder, 'proc'),
      cgroupFolder: join(folder, 'cgroup'),
    });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-memory-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('understands version 2: limit, use, and what the kernel could give back', () => {
    write('proc/self/cgroup', '0::/lab/server\n');
    write('cgroup/lab/server/memory.max', `${256 * mebibyte}\n`);
    write('cgroup/lab/server/memory.current', `${100 * mebibyte}\n`);
    write('cgroup/lab/server/memory.stat', `anon 1\ninactive_file ${30 * mebibyte}\n`);
    assert.deepEqual(read(), { usedBytes: 70 * mebibyte, limitBytes: 256 * mebibyte, source: 'cgroup-v2' });
    write('cgroup/lab/server/memory.max', `${1024 * mebibyte}\n`);
    assert.equal(read().limitBytes, 512 * mebibyte, 'the configured limit is the smaller one');
  });

  it('understands version 1, in a container whose path is the host’s', () => {
    write('proc/self/cgroup', '5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n');
    write('cgroup/memory/memory.limit_in_bytes', `${128 * mebibyte}\n`);
    write('cgroup/memory/memory.usage_in_bytes', `${90 * mebibyte}\n`);
    write('cgroup/memory/memory.stat', `inactive_file 5\ntotal_inactive_file ${10 * mebibyte}\n`);
    assert.deepEqual(read(), { usedBytes: 80 * mebibyte, limitBytes: 128 * mebibyte, source: 'cgroup-v1' });
    write('cgroup/memory/memory.limit_in_bytes', '9223372036854771712\n');
    assert.equal(read().source, 'config');
  });

  it('reads the limit from a file again each time, and counts this process and its children', () => {
    const file = join(folder, 'limit');
    writeFileSync(file, String(300 * mebibyte));
    const sources = { configuredBytes: 512 * mebibyte, limitFile: file, cgroupFolder: join(folder, 'none') };
    const first = readMemory(sources);
    assert.deepEqual([first.limitBytes, first.source], [300 * mebibyte, 'file']);
    assert.ok(first.usedBytes > 10 * mebibyte && first.usedBytes < 4_096 * mebibyte);
    writeFileSync(file, String(200 * mebibyte));
    assert.equal(readMemory(sources).limitBytes, 200 * mebibyte);
    writeFileSync(file, 'max');
    assert.equal(readMemory(sources).source, 'config', 'no number, no limit');
  });
});
