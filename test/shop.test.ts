/** examples/shop as files: what a run needs of them, without starting anything. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runConfigSchema, type System } from '@encore/contracts';
import { makePlan, refusePlan } from '@encore/plan';
import { plannedSystem } from '@encore/project';
import { readYamlWorkload } from '@encore/workload/yaml';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { readEncoreFile } from '../services/orchestrator/src/settings/encore-file.ts';
import { onItsProfile } from '../services/orchestrator/src/settings/resolve-settings.ts';
import { root } from './support/command.ts';

const folder = join(root, 'examples', 'shop');
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('examples/shop', () => {
  it('describes a run of three minutes whose faults fit with any seed', () => {
    const read = readEncoreFile(join(folder, 'encore.yaml'), './encore');
    assert.ok(read.ok, read.ok ? '' : read.problems.join('\n'));
    const { file, settings } = read;
    for (const seed of [0, 1, 7, 2 ** 31 - 1]) {
      const config = runConfigSchema.parse({ ...onItsProfile(settings), seed });
      assert.equal(config.hours * 60, 3);
      const plan = makePlan(config, plannedSystem(file.system) as System);
      assert.deepEqual(refusePlan(plan, config), []);
      assert.deepEqual(
        plan.faults.map(({ kind, target }) => `${kind} ${target}`),
        ['restart db', 'crash api', 'latency api:3000', 'outage db', 'crash api'],
      );
    }
  });

  it('has a workload that writes and reads back', () => {
    const { workload } = parse(textOf('encore.yaml'));
    const { operations, readBack } = readYamlWorkload(textOf(workload), workload);
    assert.deepEqual(Object.keys(operations), ['browse', 'order', 'look']);
    assert.ok(readBack);
  });

  it('uses the images of the lab, which also have stand-ins where no registry can be reached', () => {
    const lab = `${readFileSync(join(root, 'docker-compose.yml'), 'utf8')}\n${readFileSync(join(root, 'Dockerfile'), 'utf8')}`;
    const images = [
      ...`${textOf('docker-compose.yml')}\n${textOf('Dockerfile')}`.matchAll(/^(?: *image:|FROM) (\S+)$/gm),
    ];
    assert.equal(images.length, 2);
    for (const [, image = ''] of images) assert.ok(lab.includes(image), image);
  });

  it('is what the tutorial shows: each excerpt of its files, and the fix', () => {
    const page = readFileSync(join(root, 'docs', 'YOUR_PROJECT.md'), 'utf8');
    const tutorial = page.slice(page.indexOf('## Ten minutes'), page.indexOf('### 7. Keep it that way'));
    const files = ['encore.yaml', 'encore-workload/encore.workload.yaml'].map(textOf).join('\n').split('\n');
    const excerpts = [...tutorial.matchAll(/^```yaml\n(.+?)^```$/gms)].map(([, text = '']) => text.trimEnd());
    assert.equal(excerpts.length, 5);
    // The files have comments that the page leaves out.
    const bare = (line: string): string => line.replace(/ +# .*$/, '');
    const all = files.map(bare).join('\n');
    for (const excerpt of excerpts) assert.ok(all.includes(excerpt.split('\n').map(bare).join('\n')), excerpt);
    const [, before, after] = /^-(.+)\n\+(.+)$/m.exec(tutorial) ?? [];
    assert.ok(textOf('api.mjs').includes(`replace the next line by: ${after}\n${before}\n`), `${before} ${after}`);
  });

  it('locks the dependencies that it names, without addresses of a registry', () => {
    const { dependencies } = JSON.parse(textOf('package.json'));
    const { packages } = JSON.parse(textOf('package-lock.json'));
    assert.deepEqual(packages[''].dependencies, dependencies);
    for (const [path, { integrity, resolved }] of Object.entries<Record<string, string>>(packages)) {
      if (path === '') continue;
      assert.match(integrity ?? '', /^sha512-/, path);
      assert.equal(resolved, undefined, path);
    }
  });
});
