import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { resolvedProject } from '../testing/resolved-project.ts';
import { unlistedPorts } from './unlisted-ports.ts';

describe('unlistedPorts', () => {
  it('names the ports that a sidecar does not forward, wherever they are known from', () => {
    const project = resolvedProject({
      db: {
        ports: [
          { target: 5432, protocol: 'tcp' },
          { target: 53, protocol: 'udp' },
          { target: 5432, protocol: 'udp' },
        ],
        expose: ['6000-6001'],
      },
      api: { environment: { DB: 'db:7000' } },
    });
    assert.deepEqual(unlistedPorts(project, { db: [5432, 6001] }), [
      'db: its sidecar does not forward port 6000, 7000, so other services cannot connect there; list it under system.proxies',
      'db: its sidecar forwards no UDP, so other services cannot use port 53, 5432 by the name db',
    ]);
    assert.deepEqual(unlistedPorts(project, {}), [], 'a service without a sidecar keeps its name');
  });
});
