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

  it('gives the folder to the first of two runs of the same second, and names it as the wiring does', async () => {
    const folder = join(home, 'runs', 'r20260101_120000');
    const reasons: string[] = [];
    const history = {
      open: async (_path: string, onFailure: (error: unknown) => void) => {
        onFailure(new Error('the disk is full'));
      },
    };
    const context = {
      run: { folder, id: 'r20260101_120000', plan: planOf(1, []), config: { seed: 1 } },
      history,
      wiring: { runsDir: join(home, 'runs'), runsName: 'the volume encore_runs' },
    } as unknown as RunContext;
    const open = () => openRun(context, {} as EngineInfo, ({ reason }) => reasons.push(reason));
    await open();
    assert.ok(existsSync(join(folder, 'plan.json')));
    assert.deepEqual(reasons, [
      'cannot write the history in r20260101_120000 of the volume encore_runs: the disk is full',
    ]);
    await assert.rejects(open(), {
      code: 'RUN_EXISTS',
      message: /uses r20260101_120000 of the volume encore_runs; start this run again$/,
    });
  });
});
