import assert from 'node:assert/strict';
import { scheduleRuleSchema } from '@encore/contracts';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { discoverProject } from '../discover/discover-project.ts';
import { problemsOfEncoreFile } from '../encore-file/encore-file.ts';
import { resolvedProject } from '../testing/resolved-project.ts';
import { initText } from './init-text.ts';

const services = {
  web: {
    ports: [{ target: 80, published: '8080', protocol: 'tcp' }],
    environment: { API: 'http://api.v1:8000/items' },
    volumes: [
      { type: 'bind', source: '/home/user/shop/src', target: '/app' },
      { type: 'bind', source: '/srv/a b: #c', target: '/srv' },
    ],
  },
  'api.v1': { environment: { DB_HOST: 'db' }, mem_limit: '1000', restart: 'always' },
  db: { image: 'postgres:17' },
  '1e3': { expose: ['6000'] },
  null: { expose: ['6001'] },
};
const facts = { images: {}, mounted: [], dockerfiles: [], active: Object.keys(services) };
const discovery = discoverProject(resolvedProject(services), facts, '/home/user/shop');
const text = initText(discovery, {
  files: ['a.yaml', '- b.yaml'],
  profiles: ['x'],
  schema: '/s.json',
  workload: 'encore-workload/encore.workload.mts',
});

describe('initText', () => {
  it('writes a file that the schema accepts, with nothing shared', () => {
    const { profile, ...file } = parse(text);
    assert.deepEqual(problemsOfEncoreFile(file), []);
    assert.equal(profile, 'smoke');
    assert.deepEqual(file.system.compose, { files: ['a.yaml', '- b.yaml'], profiles: ['x'] });
    assert.equal(file.system.allowShared, undefined);
    assert.deepEqual(Object.keys(file.system.containers), ['web', 'api.v1', 'db', '1e3', 'null']);
    const proxies = ['web:80', 'api.v1:8000', 'db:5432', '1e3:6000', 'null:6001'];
    assert.deepEqual(Object.keys(file.system.proxies), proxies);
    assert.deepEqual([file.system.entry, file.system.recoveryOf], ['web:80', 'web']);
  });

  it('writes what a run would share in comments that are valid when the # is removed', () => {
    const lines = text.split('\n');
    const first = lines.findIndex((line) => line.startsWith('  # allowShared:'));
    const allowed = lines.map((line, index) => (index >= first ? line.replace(/^ {2}# /, '  ') : line)).join('\n');
    const { profile: _, ...file } = parse(allowed);
    assert.deepEqual(file.system.allowShared, { bindMounts: ['./src', '/srv/a b: #c'] });
    assert.deepEqual(problemsOfEncoreFile(file), []);
  });

  it('writes a schedule that also acts on another service in comments that are valid without the #', () => {
    const [, lines = ''] = /^(# schedule:\n(?:# {3}- .*\n)+)/m.exec(text) ?? [];
    const { schedule } = parse(lines.replaceAll(/^# /gm, ''));
    assert.deepEqual(
      schedule.map(({ target, faults }: { target: string; faults: object[] }) => [target, faults]),
      [
        ['web', [{ kind: 'crash' }]],
        ['api.v1', [{ kind: 'restart' }]],
      ],
    );
    for (const rule of schedule) assert.ok(scheduleRuleSchema.safeParse(rule).success, JSON.stringify(rule));
    assert.match(text, /^# Others that may get a rule: db, 1e3, null$/m);
  });

  it('names a source that several services have once', () => {
    const environment = { DB_HOST: 'db', DB_PORT: '5432' };
    const clients = {
      a: { environment, ports: [{ target: 80, protocol: 'tcp' }] },
      b: { environment },
      c: { environment },
    };
    const all = { ...clients, db: { image: 'postgres' } };
    const found = discoverProject(resolvedProject(all), { ...facts, active: Object.keys(all) }, '/home/user/shop');
    assert.match(
      initText(found, { files: [], profiles: [], schema: 'x', workload: 'w' }),
      /db:5432: .* # environment DB_HOST of a, b and c; the usual port of postgres$/m,
    );
  });

  it('draws who calls whom, and lists each limit once with all its services', () => {
    const drawn = [
      '#   users  ──▶ [web:80] web           ports 8080:80',
      '#   web    ──▶ [api.v1:8000] api.v1   environment API',
      '#   api.v1 ──▶ [db:5432] db           environment DB_HOST',
    ];
    assert.ok(text.includes(`\n${drawn.join('\n')}\n#\n`), text);
    assert.match(text, /^# {3}web, db, 1e3, null: no restart policy: /m);
    assert.match(text, /^ {4}db:5432: .* # the usual port of postgres$/m);
  });
});
