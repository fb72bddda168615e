import assert from 'node:assert/strict';
import type { System } from '@encore/contracts';
import { describe, it } from 'mocha';
import { targetsText } from './targets-text.ts';

const part = { unsupported: {}, replicas: 1 };
const system: System = {
  entry: 'api:80',
  recoveryOf: 'api',
  containers: {
    api: { ...part, allowedKinds: ['crash', 'freeze'] },
    db: { ...part, allowedKinds: ['crash'] },
    'api-sidecar': { ...part, allowedKinds: [], proxyApi: 'http://api-sidecar:8474' },
  },
  proxies: {
    'api:80': {
      unsupported: {},
      allowedKinds: ['connection-refused'],
      runsIn: 'api-sidecar',
      listen: '0.0.0.0:80',
      upstream: 'api-target:80',
      probe: 'none',
    },
  },
};

describe('targets of a dry run', () => {
  it('lists each target with its kinds, without sidecars', () => {
    assert.deepEqual(targetsText(system, {}).slice(1, 4), [
      '  api     crash, freeze',
      '  db      crash',
      '  api:80  connection-refused',
    ]);
  });

  it('gives one line per reason, with all kinds and targets that it applies to', () => {
    const limit = 'it has no limit';
    const impossible = {
      api: { 'memory-cap': limit, 'cpu-throttle': limit, partition: 'no probe' },
      db: { 'memory-cap': limit, 'cpu-throttle': limit },
    };
    const lines = targetsText(system, impossible);
    assert.ok(lines.includes('  memory-cap, cpu-throttle on api, db: it has no limit'), lines.join('\n'));
    assert.ok(lines.includes('  partition on api: no probe'));
    assert.ok(lines.includes('  freeze, partition on db: encore.yaml does not allow it'));
    assert.ok(lines.some((line) => /^ {2}latency, .* on api:80: encore.yaml does not allow it$/.test(line)));
  });
});
