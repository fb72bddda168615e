import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import type { EngineInfo } from '@encore/contracts';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { checkText, diskCheck, engineChecks } from './lab-checks.ts';

const gib = 1024 ** 3;
const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const good: EngineInfo = {
  engine: 'Docker',
  version: '29.0.1',
  kernel: '6.12',
  cgroupVersion: '2',
  cores: 4,
  memoryBytes: 8 * gib,
  images: {},
  toxiproxy: '2.12.0',
  unsupported: {},
};
const states = (engine: Partial<EngineInfo>, users = 20): Record<string, string> =>
  Object.fromEntries(
    engineChecks({ ...good, ...engine }, { ...config, users }, makePlan(config)).map(({ name, state }) => [
      name,
      state,
    ]),
  );

describe('preflight checklist', () => {
  it('has nothing to say about a good engine', () => {
    assert.deepEqual([...new Set(Object.values(states({})))], ['ok']);
  });

  it('refuses an engine that is too old, too small, or without Toxiproxy', () => {
    assert.equal(states({ version: '24.0.9' })['engine'], 'fail');
    assert.equal(states({ memoryBytes: 2 * gib })['memory'], 'fail');
    assert.equal(states({ toxiproxy: '' })['Toxiproxy'], 'fail');
  });

  it('warns of little memory, few cores, and faults that cannot be done', () => {
    assert.equal(states({ memoryBytes: 3 * gib })['memory'], 'warn');
    assert.equal(states({ cores: 1 })['load generator'], 'warn');
    assert.equal(states({ unsupported: { 'memory-cap': 'no cgroup' } })['faults'], 'warn');
    assert.equal(states({ unsupported: { partition: 'not planned' } })['faults'], 'ok');
  });

  it('does not ask of plain processes what only containers need', () => {
    const processes = states({ engine: 'encore-processes', version: '1', memoryBytes: 2 * gib });
    assert.deepEqual([processes['engine'], processes['memory']], ['ok', 'warn']);
  });

  it('measures the disk by the length of the run, and names a folder that is not there', async () => {
    assert.notEqual((await diskCheck('disk', tmpdir(), 0.05)).state, 'fail');
    assert.equal((await diskCheck('disk', tmpdir(), 24 * 1_000_000)).state, 'warn');
    const missing = await diskCheck('disk', '/dev/null/folder', 1);
    assert.equal(missing.state, 'fail');
    assert.match(checkText(missing), /FAIL.*ENOTDIR.*\n.*\/dev\/null\/folder/);
  });
});
