import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineInfo } from '@encore/contracts';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { planOf } from '../../testing/fake-run.ts';
import type { RunContext } from '../run-context.ts';
import { openRun } from './open-run.ts';

describe('openRun', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'encore-open-run-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('gives the folder to the first of two runs of the same second', async () => {
    const folder = join(home, 'runs', 'r20260101_120000');
    const record = { open: () => Promise.resolve(null) };
    const plan = planOf(1, []);
    const context = { folder, plan, config: { seed: 1 }, record } as unknown as RunContext;
    const engine = {} as EngineInfo;
    await openRun(context, engine);
    assert.ok(existsSync(join(folder, 'plan.json')));
    await assert.rejects(openRun(context, engine), { code: 'RUN_EXISTS', message: /start this run again$/ });
  });
});
