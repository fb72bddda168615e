/** Lets docker-compose.yml run from any checkout, under any project name, on any engine. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { sidecarImage } from '../packages/project/src/generate/print-compose.ts';

interface Mount {
  source?: string;
  bind?: { create_host_path?: boolean };
}
interface Service {
  image: string;
  build?: unknown;
  volumes?: (string | Mount)[];
  depends_on?: Record<string, unknown>;
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

  it('runs the Toxiproxy that sidecars of other projects run', () => {
    assert.equal(services['toxiproxy']?.image, sidecarImage);
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

  it('tags our images validly under every project name', () => {
    const own = Object.values(services).filter(({ build }) => build !== undefined);
    assert.ok(own.length >= 5);
    for (const { image } of own) assert.match(image, /^localhost\/encore-[a-z]+:\$\{COMPOSE_PROJECT_NAME\}$/);
  });
});
