import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultKinds } from '@encore/contracts';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  encoreFileSchema,
  generateOptions,
  plannedSystem,
  problemsOfEncoreFile,
  processFileSchema,
} from './encore-file.ts';

/** The names of all settings, except those that the user chooses. */
function keysOf({ properties = {}, additionalProperties, propertyNames }: z.core.JSONSchema.BaseSchema): string[] {
  const inner = Object.entries(properties).flatMap(([key, value]) =>
    typeof value === 'object' ? [key, ...keysOf(value)] : [key],
  );
  // A record by fault kind has the kinds as its names.
  const isChosen =
    typeof additionalProperties === 'object' && !(typeof propertyNames === 'object' && propertyNames.enum);
  return isChosen ? [...inner, ...keysOf(additionalProperties)] : inner;
}

const signals = 'SIGKILL, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSYS, SIGTRAP, SIGINT, SIGTERM, SIGHUP';
const valid = `
system:
  entry: api:8000
  recoveryOf: api
  containers:
    api: { health: { ready: 'http://api:8000/health' }, supervise: true }
    db: { allowedKinds: [crash], crash: { signal: SIGKILL }, replicas: 2 }
  proxies:
    api:8000: { probe: http }
    db:6000: { probe: none, allowedKinds: [latency] }
    db:5432: { probe: postgres }
workload: load.yaml
`;

describe('encore.yaml', () => {
  it('gives the generator the listed ports, and the settings the targets with their kinds', () => {
    assert.deepEqual(problemsOfEncoreFile(parse(valid)), []);
    const { system } = encoreFileSchema.parse(parse(valid));
    assert.deepEqual(generateOptions(system), {
      proxied: { api: [8000], db: [5432, 6000] },
      targets: { api: 1, db: 2 },
      profiles: [],
      allowShared: { bindMounts: [], volumes: [], networks: [], containers: [] },
    });
    const { containers, proxies } = plannedSystem(system);
    assert.deepEqual(containers, {
      api: { allowedKinds: faultKinds, replicas: 1 },
      db: { allowedKinds: ['crash'], replicas: 2 },
    });
    assert.deepEqual(proxies['db:6000'], { allowedKinds: ['latency'], runsIn: 'db' });
  });

  it('lists all mistakes together, each with its path, its value and what would be right', () => {
    const wrong = `
system:
  compose: { file: x.yaml }
  entry: api:80
  recoveryOf: apo
  containers:
    api: { allowedKinds: some, crash: { signal: SIGKIL } }
    db: { allowedKinds: [crush] }
  proxies:
    api:8000: { probe: htp, runsIn: x }
    dv:5432: { probe: none }
    db:70000: { probe: none }
    no port: { probe: none }
workload: 7
`;
    assert.deepEqual(problemsOfEncoreFile(parse(wrong)), [
      'system.compose.file: unknown setting. Did you mean files?',
      'system.containers.api.allowedKinds: "some" is not valid; expected all, or a list of fault kinds such as [crash, latency]',
      `system.containers.api.crash.signal: "SIGKIL" is not valid. Did you mean SIGKILL? Expected one of ${signals}`,
      `system.containers.db.allowedKinds[0]: "crush" is not valid. Did you mean crash? Expected one of ${faultKinds.join(', ')}`,
      'system.proxies.api:8000.probe: "htp" is not valid. Did you mean http? Expected one of http, postgres, redis, banner, none',
      'system.proxies.api:8000.runsIn: unknown setting. Known settings: allowedKinds, unsupported, probe',
      'system.proxies.no port: "no port" is not valid; expected the name of a proxy, as service:port',
      'workload: 7 is not valid; expected the path of the workload, such as encore.workload.yaml; relative to this file',
      'system.entry: "api:80" is not valid. Did you mean api:8000? Expected one of api:8000, dv:5432, db:70000, no port',
      'system.recoveryOf: "apo" is not valid. Did you mean api? Expected one of api (lacks health.ready, which it needs), db (lacks health.ready, which it needs); or rename api under system.containers to apo',
      'system.proxies.dv:5432: system.containers has no dv; add it there, with allowedKinds: [] if no fault may act on it',
      'system.proxies.db:70000: "db:70000" is not valid; expected a port from 1 to 65535',
    ]);
  });

  it('accepts the same port on two services, because each has a network of its own', () => {
    const proxies = { 'web:3000': { probe: 'http' }, 'api:3000': { probe: 'http' } };
    const containers = { web: { health: { ready: 'http://web:3000/' } }, api: {} };
    const system = { containers, proxies, entry: 'web:3000', recoveryOf: 'web' };
    assert.deepEqual(problemsOfEncoreFile({ system }), []);
  });

  it('needs HTTP at the entry, where users connect', () => {
    const text = valid.replace('entry: api:8000', 'entry: db:5432');
    assert.deepEqual(problemsOfEncoreFile(parse(text)), [
      'system.entry: "db:5432" is not valid; expected one of api:8000, because users send HTTP and db:5432 has probe: postgres; if it does speak HTTP, set its probe to http',
    ]);
    assert.match(
      problemsOfEncoreFile(parse(text.replace('probe: http', 'probe: none'))).join(),
      /^system.entry: "db:5432" is not valid; expected the proxy of an HTTP port, because users send HTTP/,
    );
  });

  it('names the key of a container that may be mistyped, where its name is used', () => {
    assert.deepEqual(problemsOfEncoreFile(parse(valid.replace(/^( +)api: /m, '$1apii: '))), [
      'system.recoveryOf: "api" is not valid. Did you mean apii? Expected one of apii, db (lacks health.ready, which it needs); or rename apii under system.containers to api',
      'system.proxies.api:8000: system.containers has no api; add it there, with allowedKinds: [] if no fault may act on it; or rename apii under system.containers to api',
    ]);
  });

  it('has every key described in docs/YOUR_PROJECT.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/YOUR_PROJECT.md'), 'utf8');
    const named = page.split('\n').filter((line) => line.startsWith('| `'));
    const schemas = [encoreFileSchema, processFileSchema];
    for (const key of schemas.flatMap((schema) => keysOf(z.toJSONSchema(schema, { io: 'input' }))))
      assert.ok(
        named.some((row) => new RegExp(`[\`.]${key}[\`.]`).test(row)),
        key,
      );
  });

  it('asks for the health of the container whose recovery is judged', () => {
    const problems = problemsOfEncoreFile(parse(valid.replace(/health: \{[^}]*\}, /, '')));
    assert.deepEqual(problems, [
      'system.containers.api.health: is missing; set ready, a URL that answers 200 when api can serve its users',
    ]);
    assert.match(problemsOfEncoreFile({})[0] ?? '', /^system: is missing; expected named settings: compose, /);
  });
});
