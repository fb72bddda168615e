import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { refusals, resolvedProject } from '../testing/resolved-project.ts';

describe('generateProject', () => {
  it('refuses a number of replicas that differs from that of the Compose project', () => {
    const project = resolvedProject({
      one: {},
      scaled: { scale: 2, deploy: { replicas: 3 } },
      deployed: { deploy: { replicas: 3 } },
    });
    assert.deepEqual(refusals(project, { targets: { one: 1, scaled: 2, deployed: 3 } }), []);
    assert.deepEqual(refusals(project, { targets: { one: 2, scaled: 1 } }), [
      'system.containers.one.replicas: 2 is not valid; expected 1, as in the Compose project',
      'system.containers.scaled.replicas: 1 is not valid; expected 2, as in the Compose project',
    ]);
  });

  it('refuses a target that never starts, with the profiles that would start it', () => {
    const project = resolvedProject({ debug: { profiles: ['debug', 'dev'] } });
    assert.deepEqual(refusals(project, { targets: { debug: 1 } }), [
      'system.containers.debug: debug never starts, because it belongs to a profile that is not active; add debug or dev to system.compose.profiles, or remove debug here',
    ]);
    assert.deepEqual(refusals(project, { targets: { debug: 1 }, profiles: ['dev'] }), []);
  });

  it('refuses a proxy on a service that no sidecar can replace, with what would be right', () => {
    const project = resolvedProject({
      vpn: {},
      app: { network_mode: 'service:vpn' },
      helper: { network_mode: 'service:app' },
      lonely: { network_mode: 'none' },
    });
    assert.deepEqual(refusals(project, { proxied: { app: [80], helper: [81], lonely: [82], vpm: [83], vpn: [84] } }), [
      'system.containers.vpm: "vpm" is not valid. Did you mean vpn? Expected a service of the Compose project: vpn, app, helper, lonely',
      'system.proxies.app:80: app shares the network namespace of vpn; write vpn:80',
      'system.proxies.helper:81: helper shares the network namespace of vpn; write vpn:81',
      'system.proxies.lonely:82: lonely has network_mode none, where no sidecar can take its place; remove this proxy',
    ]);
  });
});
