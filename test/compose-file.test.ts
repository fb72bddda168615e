/** Lets docker-compose.yml run from any checkout, under any project name, on any engine. */
import assert, { fail } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempDisposableSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { sidecarImage } from '../packages/project/src/run/prepare-run.ts';
import { scalarSettings } from '../services/orchestrator/src/settings/scalar-settings.ts';

interface Mount {
  source?: string;
  bind?: { create_host_path?: boolean };
}
interface Service {
  image: string;
  build?: unknown;
  volumes?: (string | Mount)[];
  depends_on?: Record<string, { condition?: string }>;
  entrypoint?: string[];
  command?: string[];
  networks?: string[] | Record<string, { aliases?: string[] }>;
  environment?: string[] | Record<string, string>;
}

const text = readFileSync(join(import.meta.dirname, '..', 'docker-compose.yml'), 'utf8');
const { services, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};

/** Excludes `./test_results`, which is created if missing. */
const isBound = (source: string): boolean => source !== './test_results' && !(source in volumes);

const isOfCheckout = (source: string): boolean => isBound(source) && !source.includes('ENCORE_DOCKER_SOCKET');

const mountsOf = ({ volumes = [] }: Service): Mount[] =>
  volumes.map((mount) => (typeof mount === 'string' ? { source: /^[^:]*/.exec(mount)?.[0] ?? '' } : mount));

/** Runs the script of the service `results` on a folder in the place of /checkout. */
function makeReadable(checkout: string, settingsFile: string): void {
  const [shell = '', option = '', script = ''] = services['results']?.entrypoint ?? [];
  const here = script
    .replaceAll('$$', '$')
    .replaceAll('/checkout', checkout)
    .replaceAll('/server_config.json', join(checkout, 'server_config.json'));
  execFileSync(shell, [option, here], {
    timeout: 60_000,
    cwd: checkout,
    env: { PATH: process.env['PATH'], ENCORE_CONFIG: settingsFile },
  });
}

describe('docker-compose.yml', () => {
  it('creates no folders on an engine that does not see the checkout, or has its socket elsewhere', () => {
    const mounts = Object.values(services).flatMap(mountsOf);
    const bound = mounts.filter(({ source = '' }) => isBound(source));
    assert.ok(bound.length >= 10, `${bound.length} mounts`);
    for (const mount of bound) assert.equal(mount.bind?.create_host_path, false, mount.source);
  });

  it('makes mounted files readable before a service reads them', () => {
    for (const [name, service] of Object.entries(services)) {
      const reads = mountsOf(service).some(({ source = '' }) => isOfCheckout(source));
      if (reads && name !== 'results') assert.ok(service.depends_on?.['results'], name);
    }
  });

  it('makes files of the checkout readable in each stage of the images that copies any', () => {
    const dockerfile = readFileSync(join(import.meta.dirname, '..', 'Dockerfile'), 'utf8');
    const stages = dockerfile.split(/^FROM /m).slice(1);
    const copied = stages.flatMap((stage) => {
      const lines = stage.split('\n');
      return lines.flatMap((line, at) => {
        const path = /^COPY (?!--from)(?:.* )?(\S+) \S+$/.exec(line)?.[1];
        return path === undefined ? [] : [{ path, after: lines.slice(at).join('\n') }];
      });
    });
    assert.ok(copied.length >= 15, `${copied.length} lines`);
    // A umask of 077 gives files the mode 0600, which COPY keeps.
    for (const { path, after } of copied)
      assert.ok(/^RUN .*chmod -R a\+rX \.$/m.test(after) || after.includes(`RUN chmod a+r ${path}`), path);
  });

  it('starts `revert` and `check` beside a server in any state', () => {
    const { server, loadgen, chaos } = services['orchestrator']?.depends_on ?? {};
    assert.deepEqual([server?.condition, loadgen?.condition], ['service_started', 'service_healthy']);
    assert.equal(chaos?.condition, 'service_healthy');
    for (const name of ['loadgen', 'chaos', 'toxiproxy', 'results'])
      assert.equal(services[name]?.depends_on?.['server'], undefined, name);
  });

  it('lets the socket, the token and the API of Toxiproxy out to nobody else', () => {
    const withMount = (source: string) =>
      Object.keys(services).filter((name) =>
        mountsOf(services[name] ?? fail()).some((one) => one.source?.includes(source)),
      );
    assert.deepEqual(withMount('docker.sock'), ['chaos']);
    assert.deepEqual(withMount('secret'), ['chaos', 'orchestrator']);
    const { command = [], networks = {} } = services['toxiproxy'] ?? fail();
    const alias = command.find((word) => word.startsWith('-host='))?.slice('-host='.length);
    const named = Object.entries(networks).filter(([, { aliases = [] }]) => aliases.includes(alias ?? ''));
    assert.deepEqual(
      named.map(([network]) => network),
      ['lab'],
    );
    for (const name of ['server', 'postgres'])
      assert.ok(!Object.values(services[name]?.networks ?? []).includes('lab'));
  });

  it('runs the Toxiproxy that sidecars of other projects run', () => {
    assert.equal(services['toxiproxy']?.image, sidecarImage);
  });

  it('makes the settings file of the run readable, and no other file of the user', () => {
    using outer = mkdtempDisposableSync(join(realpathSync(tmpdir()), 'encore-checkout-'));
    const checkout = join(outer.path, 'checkout');
    const folders = ['test_results', 'docker/postgres', 'grafana', 'prometheus', 'scenarios', 'mine/runs'];
    for (const folder of folders) mkdirSync(join(checkout, folder), { recursive: true, mode: 0o700 });
    const files = [
      'server_config.json',
      'system.yaml',
      'run.yaml',
      '.env',
      'mine/runs/a b.yaml',
      'mine/key',
      '../outside.yaml',
    ];
    for (const file of files) writeFileSync(join(checkout, file), '', { mode: 0o600 });
    const modes = (...paths: string[]) =>
      paths.map((path) => (statSync(join(checkout, path)).mode & 0o777).toString(8));
    chmodSync(checkout, 0o700);
    makeReadable(checkout, '');
    assert.deepEqual(modes('.', 'server_config.json', 'run.yaml'), ['711', '644', '600']);
    for (const path of ['../outside.yaml', join(outer.path, 'outside.yaml'), 'missing.yaml'])
      makeReadable(checkout, path);
    assert.deepEqual(modes('../outside.yaml'), ['600']);
    makeReadable(checkout, './run.yaml');
    makeReadable(checkout, 'mine/runs/a b.yaml');
    assert.deepEqual(modes('run.yaml', 'mine/runs/a b.yaml', 'mine', 'mine/runs'), ['644', '644', '711', '711']);
    assert.deepEqual(modes('.env', 'mine/key'), ['600', '600']);
  });

  it('clears the proxies of the Docker client for each service that is not ours and speaks HTTP', () => {
    const cleared = Object.fromEntries(
      ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
        [name, ''],
        [name.toLowerCase(), ''],
      ]),
    );
    const foreign = Object.entries(services).filter(([name, { build }]) => build === undefined && name !== 'postgres');
    assert.deepEqual(
      foreign.map(([name]) => name),
      ['toxiproxy', 'prometheus', 'postgres-exporter', 'grafana'],
    );
    for (const [name, { environment }] of foreign)
      assert.deepEqual({ ...environment, ...cleared }, { ...environment }, `${name} keeps a proxy`);
  });

  it('passes on every variable that the user may set', () => {
    const ofFile = readFileSync(join(import.meta.dirname, '..', '.env'), 'utf8').matchAll(/^(?:# )?(ENCORE_\w+)=/gm);
    const names = [
      ...Array.from(ofFile, ([, name]) => name ?? ''),
      ...scalarSettings.map(({ variable }) => variable),
      ...['ENCORE_CONFIG', 'ENCORE_RESULTS_DIR', 'ENCORE_SERVER_CONFIG'],
    ];
    assert.ok(names.length > 16, `${names.length} variables`);
    // Messages only quote a variable.
    const used = text.replaceAll(/ENCORE_WHERE_TO_LOOK=.*/g, '');
    for (const name of names) assert.match(used, new RegExp(`\\$\\{${name}:-|^ +- ${name}$`, 'm'));
  });

  it('tags our images validly under every project name', () => {
    const own = Object.values(services).filter(({ build }) => build !== undefined);
    assert.ok(own.length >= 5);
    for (const { image } of own) assert.match(image, /^localhost\/encore-[a-z]+:\$\{COMPOSE_PROJECT_NAME\}$/);
  });
});
