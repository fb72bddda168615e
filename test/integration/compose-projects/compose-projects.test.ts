/**
 * `encore init` and `encore compose` on Compose projects: real ones from the folder ENCORE_CORPUS,
 * and one that is made to break the generator. Nothing is built or started.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initProject, isProcessFile, type PrintedCompose, printCompose } from '@encore/project';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { readVariables } from '../../../packages/project/src/compose/read-compose.ts';
import { readEncoreFile } from '../../../services/orchestrator/src/settings/encore-file.ts';
import { root, runCommand } from '../../support/command.ts';
import { ignoreComposeFile } from '../../support/compose-file.ts';
import { requireCompose } from '../../support/engine.ts';
import { compareProjects, portsOf, type Resolved } from './compare-projects.ts';

const corpus = join(process.env['ENCORE_CORPUS'] ?? '', 'compose');
const hard = join(import.meta.dirname, 'hard-project');
const env = { HARD_TOKEN: 'environment-secret' };

interface Row {
  project: string;
  services: number;
  proxies: string[];
  targets: string[];
  impossible: string[];
}
const rows: Row[] = [];

describe('any Compose project', function () {
  this.timeout(300_000);
  let folder = '';
  ignoreComposeFile();
  before(async function () {
    await requireCompose(this);
    folder = await mkdtemp(join(tmpdir(), 'encore-projects-'));
  });
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true });
    for (const { project, services, proxies, targets, impossible } of rows)
      console.log(
        `    ${project}: ${services} services; proxies ${proxies.join(', ') || 'none'}; targets ${targets.join(', ') || 'none'}\n${impossible.map((line) => `      ${line}\n`).join('')}`.trimEnd(),
      );
  });

  /** A copy, because encore.yaml is written into the folder. */
  async function copyOf(source: string, name: string): Promise<string> {
    const path = join(folder, name);
    // The folders of a corpus may be read-only.
    await cp(source, path, { recursive: true, filter: (file) => existsSync(file) });
    await runCommand('chmod', ['-R', 'u+w', path], { timeoutMs: 10_000 });
    return path;
  }

  async function resolved(cwd: string, files: readonly string[]): Promise<Resolved> {
    const args = ['compose', ...files.flatMap((file) => ['-f', file]), '--profile', '*', 'config'];
    const { exitCode, stdout, stderr } = await runCommand('docker', args, { cwd, env, timeoutMs: 60_000 });
    assert.equal(exitCode, 0, stderr);
    return parse(stdout);
  }

  async function print(path: string): Promise<PrintedCompose> {
    const read = readEncoreFile(path, './encore');
    assert.ok(read.ok, read.ok ? '' : read.problems.join('\n'));
    const { file } = read;
    assert.ok(!isProcessFile(file));
    return await printCompose({ ...read, file, path, showSecrets: true });
  }

  /** Removes the # before everything that a run would share, as a user may do. */
  async function allowEverything(path: string): Promise<string[]> {
    const text = await readFile(path, 'utf8');
    const [head = '', shared] = text.split(/^(?= {2}# allowShared:)/m);
    if (shared === undefined) return [];
    const allowed = head + shared.replaceAll(/^ {2}# /gm, '  ');
    await writeFile(path, allowed);
    return Object.values(parse(allowed).system.allowShared).flat() as string[];
  }

  async function prove(source: string, name: string): Promise<void> {
    const cwd = await copyOf(source, name);
    const initialized = await initProject({
      folder: cwd,
      files: [],
      force: false,
      schema: '/schema.json',
      encore: '/encore',
    });
    const original = await resolved(cwd, []);
    const path = join(cwd, 'encore.yaml');
    if (!initialized.ok) {
      // The only reason for which init may refuse a project that Compose accepts.
      assert.match(
        initialized.problems[0] ?? '',
        /^no service has a TCP port that Encore could put a sidecar in front of/,
      );
      const isReachable = Object.values(original.services).some(
        (service) => service['networks'] && portsOf(service).some(({ protocol }) => protocol === 'tcp'),
      );
      assert.ok(!isReachable, initialized.problems.join('\n'));
      assert.ok(!existsSync(path));
      const impossible = initialized.problems.map((line) => line.trim());
      rows.push({
        project: name,
        services: Object.keys(original.services).length,
        proxies: [],
        targets: [],
        impossible,
      });
      return;
    }
    const { system } = parse(await readFile(path, 'utf8'));
    const refused = await print(path);
    const shared = await allowEverything(path);
    assert.equal(refused.ok, shared.length === 0, 'a project that shares nothing is not refused');
    if (!refused.ok) {
      assert.equal(refused.problems.length, shared.length);
      for (const one of shared)
        assert.ok(
          refused.problems.some((problem) => problem.includes(JSON.stringify(one))),
          one,
        );
    }
    const printed = await print(path);
    assert.ok(printed.ok, printed.ok ? '' : printed.problems.join('\n'));
    await writeFile(join(cwd, 'generated.yaml'), printed.text);
    compareProjects(original, await resolved(cwd, ['generated.yaml']));
    const limits = initialized.lines.slice(initialized.lines.indexOf('What Encore cannot do here, and why:') + 1);
    rows.push({
      project: name,
      services: Object.keys(original.services).length,
      proxies: Object.keys(system.proxies),
      targets: Object.keys(system.containers),
      impossible: [...limits, ...printed.notes].map((line) => line.trim()).filter((line) => line !== ''),
    });
  }

  if (existsSync(corpus))
    for (const name of readdirSync(corpus, { withFileTypes: true }).filter((one) => one.isDirectory()))
      it(`keeps services, mounts, ports and names of ${name.name}`, () => prove(join(corpus, name.name), name.name));
  else console.log('    ENCORE_CORPUS is not set: NO REAL COMPOSE PROJECT IS TESTED. It names a folder with compose/.');

  it('keeps services, mounts, ports and names of a project made to break it', () => prove(hard, 'hard-project'));

  it('does so under any name of a project', async () => {
    const cwd = await copyOf(hard, 'renamed');
    await writeFile(join(cwd, '.env'), 'HARD_PROJECT_NAME=my--lab\n');
    assert.ok((await initProject({ folder: cwd, files: [], force: false, schema: 'x', encore: 'x' })).ok);
    const path = join(cwd, 'encore.yaml');
    await allowEverything(path);
    const printed = await print(path);
    assert.ok(printed.ok);
    const run = parse(printed.text) as Resolved;
    assert.deepEqual(await print(path), printed, 'the same input produces the same bytes');
    assert.equal(run.name, 'my--lab-encore-preview');
    const [built, user] = ['migrate', 'after-migrate'].map((name) => run.services[name]?.['image']);
    assert.equal(built, 'localhost/encore-project:my--lab-encore-preview-migrate');
    assert.equal(user, built, 'a service that runs the image of another service');
  });

  it('reads the variables of secrets where Compose does', async () => {
    const cwd = join(folder, 'variables');
    await mkdir(join(cwd, 'sub'), { recursive: true });
    await writeFile(join(cwd, '.env'), "FROM_FILE='a $b'\nEMPTY=\n");
    await writeFile(join(cwd, 'sub', '.env'), 'FROM_FILE=other\n');
    const names = ['FROM_FILE', 'EMPTY', 'ENCORE_CORPUS_NOT_SET', 'PATH'];
    assert.deepEqual(await readVariables(names, { folder: cwd, files: [] }), {
      FROM_FILE: 'a $b',
      EMPTY: '',
      PATH: process.env['PATH'],
    });
    assert.deepEqual(await readVariables(['FROM_FILE'], { folder: cwd, files: ['sub/compose.yaml'] }), {
      FROM_FILE: 'other',
    });
  });

  it('names what it wrote beside a Compose file that is elsewhere', async () => {
    const cwd = join(folder, 'elsewhere');
    await mkdir(join(cwd, 'deploy'), { recursive: true });
    await writeFile(join(cwd, 'deploy', 'prod.yaml'), 'services: { web: { image: example/web, ports: ["80"] } }');
    const files = ['deploy/prod.yaml'];
    const initialized = await initProject({ folder: cwd, files, force: false, schema: 'x', encore: 'x' });
    assert.ok(initialized.ok);
    assert.equal(initialized.place, 'deploy');
    const wrote = initialized.lines.flatMap((line) => /^Wrote ([^:]+):/.exec(line)?.[1] ?? []);
    assert.equal(wrote.length, 3);
    for (const path of wrote) assert.ok(path.startsWith('deploy/') && existsSync(join(cwd, path)), path);
    assert.match(await readFile(join(cwd, 'deploy', 'encore.yaml'), 'utf8'), /^ {4}files: \[prod\.yaml\]$/m);
  });

  it('states why it writes no encore.yaml, and what is a guess', async () => {
    const init = async (name: string, services: string) => {
      const cwd = join(folder, name);
      await mkdir(cwd);
      await writeFile(join(cwd, 'compose.yaml'), `services: ${services}`);
      const initialized = await initProject({ folder: cwd, files: [], force: false, schema: 'x', encore: 'x' });
      assert.equal(initialized.ok, existsSync(join(cwd, 'encore.yaml')));
      return (initialized.ok ? initialized.lines : initialized.problems).join('\n');
    };
    assert.equal(await init('none', '{}'), 'the Compose project has no services');
    assert.match(
      await init('udp', '{ vpn: { image: example/vpn, ports: ["51820:51820/udp"] }, job: { image: busybox } }'),
      /^no service has a TCP port .*add it to the Compose file.*\n {2}job: no TCP port was found\n {2}vpn: no faults on UDP/,
    );
    assert.match(
      await init('data', '{ db: { image: "postgres:0", ports: ["5432:5432"] } }'),
      /^no service has a port that speaks HTTP.*\n {2}db:5432: does not speak HTTP \(ports 5432:5432; /,
    );
    assert.match(
      await init('web', '{ game: { image: example/game, ports: ["8080:80"] } }'),
      /^Is http:\/\/game:80\/ answered with 200\? It is a guess, because game has no/m,
    );
  });

  it('works as a program: init, compose, a file that only its owner can read, and no secret', async () => {
    const cwd = await copyOf(hard, 'program');
    const workload = join(cwd, 'encore-workload', 'encore.workload.mts');
    const encore = (...args: string[]) => runCommand(join(root, 'encore'), args, { cwd, env, timeoutMs: 120_000 });
    const init = await encore('init', '-f', 'compose.yaml');
    assert.equal(init.exitCode, 0, init.stderr);
    assert.match(init.stdout, /server +──▶ \[postgres:5432\] postgres +environment DATABASE_URL/);
    assert.match(await readFile(workload, 'utf8'), /http\.get\('\/health'\)/);
    await writeFile(workload, '// mine\n');
    const again = await encore('init', '-f', 'compose.yaml');
    assert.deepEqual([again.exitCode, again.stdout], [3, '']);
    assert.match(again.stderr, /encore\.yaml exists and was not changed; edit it, or replace it with --force/);
    assert.equal((await encore('init', '--force')).exitCode, 0);
    assert.equal(await readFile(workload, 'utf8'), '// mine\n');
    assert.match(
      await readFile(join(cwd, 'encore.yaml'), 'utf8'),
      /^workload: encore-workload\/encore\.workload\.mts$/m,
    );
    const refused = await encore('compose');
    assert.equal(refused.exitCode, 3, 'the project may share nothing yet');
    await allowEverything(join(cwd, 'encore.yaml'));
    const secrets = ['build-secret', 'url-secret', 'option-secret', 'environment-secret', 'file-secret'];
    const masked = await encore('compose');
    assert.equal(masked.exitCode, 0, masked.stderr);
    for (const secret of secrets) assert.ok(!masked.stdout.includes(secret), secret);
    await writeFile(join(cwd, 'masked.yaml'), masked.stdout);
    await resolved(cwd, ['masked.yaml']); // Compose accepts it
    const written = await encore('compose', '--show-secrets', '--output', 'run.yaml');
    assert.deepEqual([written.exitCode, written.stdout], [0, '']);
    const path = join(cwd, 'run.yaml');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const text = await readFile(path, 'utf8');
    assert.deepEqual(
      secrets.filter((secret) => text.includes(secret)),
      ['build-secret', 'url-secret', 'option-secret'],
    );
    assert.match(masked.stdout, /^name: lab_-encore-preview$/m);
  });
});
