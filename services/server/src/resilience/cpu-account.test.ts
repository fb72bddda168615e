import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openCpuAccount } from './cpu-account.ts';

describe('openCpuAccount', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-cpu-account-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const open = () => openCpuAccount({ procFolder: join(folder, 'proc'), cgroupFolder: join(folder, 'cgroup') });

  it('understands version 2, and a limit that is set and taken away while it is open', () => {
    put('proc/self/cgroup', '0::/lab/server\n');
    put('cgroup/lab/server/cpu.max', 'max 100000\n');
    put('cgroup/lab/server/cpu.stat', 'usage_usec 1500000\nuser_usec 1000000\n');
    const account = open();
    assert.equal(account?.cpus(), null);
    assert.equal(account?.usedMs(), 1_500);
    put('cgroup/lab/server/cpu.max', '50000 100000\n');
    assert.equal(account?.cpus(), 0.5);
  });

  it('understands version 1, in a container whose path is the host’s', () => {
    put('proc/self/cgroup', '4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n');
    put('cgroup/cpuacct/cpuacct.usage', '2500000000\n');
    put('cgroup/cpu/cpu.cfs_quota_us', '-1\n');
    put('cgroup/cpu/cpu.cfs_period_us', '100000\n');
    const account = open();
    assert.equal(account?.cpus(), null);
    assert.equal(account?.usedMs(), 2_500);
    put('cgroup/cpu/cpu.cfs_quota_us', '150000\n');
    assert.equal(account?.cpus(), 1.5);
  });

  it('is not there where nobody counts', () => {
    assert.equal(open(), null);
  });
});
