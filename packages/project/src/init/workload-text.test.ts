import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { discoverProject } from '../discover/discover-project.ts';
import { resolvedProject } from '../testing/resolved-project.ts';
import { workloadText } from './workload-text.ts';

interface Workload {
  operations: Record<string, { weight: number; run: (user: unknown) => Promise<void> }>;
  probe: unknown;
}

function textOf(services: Record<string, Record<string, unknown>>): string {
  const facts = { images: {}, mounted: [], dockerfiles: [], active: Object.keys(services) };
  const { entry, paths } = discoverProject(resolvedProject(services), facts, '/home/user/shop');
  assert.ok(entry !== null);
  return workloadText({ entry, paths });
}

/** Runs the module with a fake `defineWorkload`, and returns it with the paths that it requests. */
async function run(text: string): Promise<{ workload: Workload; requested: string[] }> {
  const module = text.replace(/^import .*$/m, 'const defineWorkload = (workload) => workload;');
  const { default: workload } = (await import(`data:text/javascript,${encodeURIComponent(module)}`)) as {
    default: Workload;
  };
  const requested: string[] = [];
  const http = { get: async (path: string) => requested.push(path) };
  for (const { run } of Object.values(workload.operations)) await run({ http });
  return { workload, requested };
}

describe('workloadText', () => {
  it('requests every path that was found, and probes the first', async () => {
    const text = textOf({
      web: {
        ports: [{ target: 8000, published: '80', protocol: 'tcp' }],
        healthcheck: { test: ['CMD', 'curl', "http://localhost:8000/it's/up"] },
      },
      worker: {
        environment: {
          A: 'http://web:8000/API/items',
          B: 'http://web:8000/api-items',
          C: 'http://web:8000/',
          D: `http://web:8000/${'a/'.repeat(40)}`,
        },
      },
    });
    const { workload, requested } = await run(text);
    assert.deepEqual(requested, ['/it', '/API/items', '/api-items', '/', `/${'a/'.repeat(40)}`]);
    const names = Object.keys(workload.operations);
    assert.deepEqual(names.slice(0, 4), ['get-it', 'get-api-items', 'get-api-items-2', 'get-root']);
    for (const name of names) assert.match(name, /^[a-z][a-z0-9_-]{0,39}$/, 'as the load generator demands');
    assert.deepEqual(workload.probe, { request: { method: 'GET', path: '/it' } });
  });

  it('requests / if no path was found', async () => {
    const { requested } = await run(textOf({ web: { ports: [{ target: 8000, protocol: 'tcp' }] } }));
    assert.deepEqual(requested, ['/']);
  });
});
