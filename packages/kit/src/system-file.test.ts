import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultKinds, systemSchema } from '@encore/contracts';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { EncoreError } from './encore-error.ts';
import { bundledSystemFile, readSystemFile } from './system-file.ts';

function problemsOf(text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'encore-system-'));
  const path = join(folder, 'system.yaml');
  try {
    writeFileSync(path, text);
    readSystemFile(path);
    return [];
  } catch (error) {
    assert.ok(error instanceof EncoreError && error.code === 'INVALID_SYSTEM', String(error));
    return error.message.split('\n').map((line) => line.replace(new RegExp(`^${path}:(\\d+:\\d+:)? `), ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The names of all settings, except those that the user chooses. */
function keysOf(schema: z.core.JSONSchema.BaseSchema): string[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    typeof value === 'object' ? [key, ...keysOf(value)] : [key],
  );
  // A record by fault kind has the kinds as its names.
  const { additionalProperties: more, propertyNames: names } = schema;
  const chosen = typeof more === 'object' && !(typeof names === 'object' && names.enum) ? keysOf(more) : [];
  return [...inner, ...chosen].filter((key) => key !== 'containers' && key !== 'proxies');
}

const valid = `
recoveryOf: api
entry: api:80
containers:
  api: { allowedKinds: [outage], health: { ready: 'http://api:81/ready' } }
  db: {}
  proxy: { proxyApi: 'http://proxy:8474' }
proxies:
  api:80: { runsIn: proxy, listen: '0.0.0.0:80', upstream: 'api:80', probe: http, allowedKinds: [latency] }
`;

describe('readSystemFile', () => {
  it('reads the description of the bundled lab', () => {
    const system = readSystemFile(bundledSystemFile);
    assert.deepEqual(Object.keys(system.containers), ['server', 'postgres', 'toxiproxy']);
    assert.deepEqual(Object.keys(system.proxies), ['server:8000', 'postgres:5432']);
    assert.deepEqual(system.containers['toxiproxy'], {
      allowedKinds: [],
      unsupported: {},
      replicas: 1,
      proxyApi: 'http://toxiproxy-api:8474',
      memoryBound: 'a heap that Go collects at 64 MB',
    });
  });

  it('has every key described in docs/CONFIGURATION.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/CONFIGURATION.md'), 'utf8');
    const [, section = ''] = /^## The system description\n(.*?)^## /ms.exec(page) ?? [];
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    for (const key of keysOf(z.toJSONSchema(systemSchema)))
      assert.ok(
        rows.some((row) => new RegExp(`[\`.]${key}[\`.]`).test(row.split('|')[1] ?? '')),
        key,
      );
  });

  it('accepts names of another project', () => {
    assert.deepEqual(problemsOf(valid), []);
  });

  it('lists all mistakes together, each with path, value and what would be right', () => {
    const text = `
recoveryOf: apo
entry: api:81
colour: blue
containers:
  api: { allowedKinds: [outge], health: { ready: ftp://api } }
  _db: {}
  proxy: { unsupported: { crash: '' } }
proxies:
  api:80: { runsIn: toxiproxy, listen: 80, upstream: 'api:80', probe: https }
  api: { runsIn: proxy, listen: '0.0.0.0:80', upstream: 'api:80', probe: http }
  web:80: { runsIn: proxy, listen: '0.0.0.0:80', upstream: 'web', probe: http }
`;
    assert.deepEqual(
      problemsOf(text).sort(),
      [
        'colour: unknown setting. Known settings: containers, proxies, entry, recoveryOf',
        'containers._db: "_db" is not valid; expected the name of a container, without a port',
        `containers.api.allowedKinds[0]: "outge" is not valid. Did you mean outage? Expected one of ${faultKinds.join(', ')}`,
        'containers.api.health.ready: "ftp://api" is not valid; expected a URL such as http://server:8001/health/ready',
        "containers.proxy.proxyApi: is missing; set the address of Toxiproxy's API, because proxies.api runs in this container",
        'containers.proxy.unsupported.crash: "" is not valid; expected the reason',
        'entry: "api:81" is not valid. Did you mean api:80? Expected one of api:80, api, web:80',
        'proxies.api: "api" is not valid; expected the name of a proxy, as service:port',
        'proxies.api:80.listen: 80 is not valid; expected host:port, such as 0.0.0.0:8000',
        'proxies.api:80.probe: "https" is not valid. Did you mean http? Expected one of http, postgres, redis, banner, none',
        'proxies.api:80.runsIn: "toxiproxy" is not valid; expected one of api, _db, proxy',
        'proxies.web:80.listen: "0.0.0.0:80" is not valid; expected a port that api does not listen on',
        'proxies.web:80.upstream: "web" is not valid; expected host:port, such as 0.0.0.0:8000',
        'proxies.web:80: "web:80" is not valid; expected a name that starts with that of a container',
        'recoveryOf: "apo" is not valid. Did you mean api? Expected one of api, _db, proxy',
      ].sort(),
    );
  });

  it('requires a health URL of the container whose recovery is judged', () => {
    assert.deepEqual(problemsOf(valid.replace('recoveryOf: api', 'recoveryOf: db')), [
      'containers.db.health: is missing; set ready, because recoveryOf names this container',
    ]);
  });

  it('requires health URLs by replica, and one container for the proxies', () => {
    const text = valid
      .replace('api: { allowedKinds', 'api: { replicas: 2, allowedKinds')
      .replace('proxy: { proxyApi', 'proxy: { replicas: 2, proxyApi');
    assert.deepEqual(problemsOf(text), [
      'containers.api.health.ready: "http://api:81/ready" is not valid; expected a URL with {n} for the number of the replica, because replicas is above 1',
      'containers.proxy.replicas: 2 is not valid; expected 1, because proxies.api:80 runs in this container',
    ]);
    const right = text.replace('proxy: { replicas: 2, ', 'proxy: { ').replace('http://api:81', 'http://lab-api-{n}:81');
    assert.deepEqual(problemsOf(right), []);
  });

  it('names what is missing in an empty description', () => {
    assert.deepEqual(
      problemsOf('entry: api:80\n')
        .map((line) => line.split(';')[0])
        .sort(),
      ['containers: is missing', 'entry: "api:80" is not valid', 'proxies: is missing', 'recoveryOf: is missing'],
    );
  });
});
