import assert from 'node:assert/strict';
import type { Plan, PlannedFault } from '@encore/contracts';
import { describe, it } from 'mocha';
import { killsWithoutRestart, restartLines } from './restart-text.ts';

const container = { allowedKinds: ['crash' as const], replicas: 1, supervise: false };
const system = {
  entry: 'api:80',
  recoveryOf: 'api',
  containers: {
    api: container,
    app: container,
    db: container,
    job: container,
    watched: { ...container, supervise: true },
    limited: { ...container, supervise: true },
    spared: { ...container, allowedKinds: [] },
  },
  proxies: {},
};
const policies = {
  api: 'always',
  app: 'on-failure:3',
  db: 'always',
  job: 'no',
  watched: 'no',
  limited: 'on-failure:1',
  spared: 'no',
};

describe('restartLines', () => {
  it('lists what starts each target that may crash', () => {
    assert.deepEqual(restartLines(system, policies).slice(2), [
      '  the restart policy always: api, db',
      '  the restart policy on-failure:3, at most 3 times: app',
      '  nothing (it has no restart policy): job',
      "  Encore's supervisor: watched",
      "  the restart policy on-failure:1, at most once, then Encore's supervisor: limited",
    ]);
  });
});

describe('killsWithoutRestart', () => {
  const warnings = (faults: readonly Pick<PlannedFault, 'kind' | 'target' | 'params'>[]): string[] =>
    killsWithoutRestart({ faults, system } as unknown as Plan, policies);
  const crashes = (...targets: string[]): string[] =>
    warnings(targets.map((target) => ({ kind: 'crash', target, params: {} })));

  it('warns of a crash without a restart policy, and of more crashes than the policy restarts', () => {
    assert.match(crashes('job')[0] ?? '', /^1 crash of job planned, but it has no restart policy, so it stays down\./);
    assert.deepEqual(crashes('app', 'app', 'app'), []);
    assert.match(
      crashes('app', 'app', 'app', 'app')[0] ?? '',
      /^4 crashes of app planned, but on-failure:3 restarts it 3 times, so/,
    );
  });

  it('counts each replica, and does not warn of what is restarted', () => {
    const replicas = ['app#1', 'app#2', 'app#1', 'app#2'];
    assert.deepEqual(crashes(...replicas, 'api', 'api', 'watched', 'limited', 'limited'), []);
  });

  it('warns of an outage that waits for the supervisor of a target that has none', () => {
    const outage = (target: string, until: 'supervisor' | 'revert') => ({
      kind: 'outage' as const,
      target,
      params: { until },
    });
    const found = warnings([outage('db', 'supervisor'), outage('db', 'revert'), outage('watched', 'supervisor')]);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /^1 outage of db planned, but no restart policy starts a target after an outage, so/);
  });
});
