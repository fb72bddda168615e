/** encore.yaml as a settings file with a system, and its published schema. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { z } from 'zod';
import { encoreJsonSchema } from '../../../../scripts/make-encore-schema.ts';
import { readEncoreFile } from './encore-file.ts';

const system = `
system:
  entry: api:8000
  recoveryOf: api
  containers:
    api: { health: { ready: 'http://api:8000/health' } }
    db: {}
  proxies:
    api:8000: { probe: http }
    db:5432: { probe: postgres, allowedKinds: all }
`;

describe('readEncoreFile', () => {
  let folder = '';
  const path = (): string => join(folder, 'encore.yaml');
  const problems = (text: string): string[] => {
    writeFileSync(path(), text);
    const read = readEncoreFile(path(), './encore');
    return read.ok ? [] : read.problems.map((problem) => problem.replace(new RegExp(`^${path()}:\\s?`), ''));
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-file-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('separates the system and the workload from the settings of a run', () => {
    const rule = '{ name: kills, target: db, when: { atSeconds: [30] }, faults: [{ kind: crash }] }';
    writeFileSync(path(), `${system}\nworkload: load.yaml\nprofile: smoke\nusers: 5\nschedule: [${rule}]\n`);
    const read = readEncoreFile(path(), './encore');
    assert.ok(read.ok);
    assert.deepEqual(Object.keys(read.settings), ['profile', 'users', 'schedule']);
    assert.deepEqual([read.file.workload, read.file.system.entry], ['load.yaml', 'api:8000']);
    assert.equal(read.file.system.proxies['api:8000']?.allowedKinds, 'all');
  });

  it('states how to replace an empty file', () => {
    assert.match(problems('').join(), /^sets nothing; write a new one with "\.\/encore init --force"$/);
  });

  it('lists the mistakes of all parts together', () => {
    const rule = '{ name: kills, target: ap, when: { atSeconds: [30] }, faults: [{ kind: crash }] }';
    assert.deepEqual(
      problems(
        `${system}\nworklod: load.yaml\nprofile: smok\nusers: many\nschedule: [${rule}]\n`.replace(
          'entry: api',
          'entry: apy',
        ),
      ),
      [
        '12:1: worklod: unknown setting. Did you mean workload?',
        '3:3: system.entry: "apy:8000" is not valid. Did you mean api:8000? Expected one of api:8000, db:5432',
        '13:1: profile: "smok" is not valid. Did you mean smoke? Expected one of smoke, quick, moderate, full',
        '14:1: users: "many" is not valid; expected a whole number of users from 1 to 10000, such as 100',
        '15:75: schedule[0].faults[0]: crash cannot target ap; it acts on a container, and these allow it: api, db',
      ],
    );
  });

  it('names the command that writes the file if there is none', () => {
    const read = readEncoreFile(join(folder, 'none', 'encore.yaml'), 'encore');
    assert.match(read.ok ? '' : read.problems.join(), /no such file in this folder; encore init writes one$/);
  });
});

describe('published schema of encore.yaml', () => {
  const file = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'schema', 'encore.schema.json');
  const published: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const schema = z.fromJSONSchema(published as z.core.JSONSchema.JSONSchema);
  const accepts = (text: string): boolean => schema.safeParse(parse(text)).success;

  it('equals the output of the script', () => {
    assert.deepEqual(published, JSON.parse(JSON.stringify(encoreJsonSchema())));
  });

  it('accepts a file with settings, and requires the system', () => {
    assert.ok(accepts(`${system}\nworkload: load.yaml\nprofile: smoke\n`));
    assert.ok(!accepts('profile: smoke'));
    assert.ok(!accepts(`${system}\nusers: many`));
    assert.ok(!accepts(system.replace('probe: http', 'probe: htp')));
  });
});
