import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { publishLab, runningLab } from './running-lab.ts';

describe('running lab', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'encore-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const root = '/my/checkout';
  const lab = (pid: number, page: number, startedAt: number, of = root): void => {
    const folder = join(home, 'labs', String(pid));
    mkdirSync(folder, { recursive: true });
    publishLab(folder, { root: of, ports: { page, chaos: page + 1 }, tokenFile: join(folder, 'secret', 'token') });
    utimesSync(join(folder, 'ports.json'), startedAt, startedAt);
  };

  it('is the running one that was started last', () => {
    lab(process.ppid, 8080, 1_000);
    lab(process.pid, 8180, 2_000);
    // Larger than any pid, so no process has it.
    lab(99_999_999, 8280, 3_000);
    const found = runningLab(['/no/such/home', home], root);
    assert.equal(found?.ports.page, 8180);
    assert.equal(found.tokenFile, join(home, 'labs', String(process.pid), 'secret', 'token'));
  });

  it('is never that of another checkout', () => {
    lab(process.pid, 8080, 1_000, '/another/checkout');
    assert.equal(runningLab([home], root), null);
  });

  it('is null when no lab runs or when it has no ports yet', () => {
    mkdirSync(join(home, 'labs', String(process.pid)), { recursive: true });
    assert.equal(runningLab([home], root), null);
    assert.equal(runningLab([], root), null);
  });
});
