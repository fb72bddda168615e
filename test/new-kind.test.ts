/**
 * Follows docs/CREATING_FAULTS.md in a copy of the sources: adds its kind by one entry, one file
 * and one line, and finds it everywhere.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { root, runCommand } from './support/command.ts';

const [entry = '', functions = '', line = ''] = [
  ...readFileSync(join(root, 'docs/CREATING_FAULTS.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms),
].map(([, code]) => code ?? '');

const settings = `profile: smoke
schedule:
  - name: stops
    target: server
    when: { atSeconds: [30] }
    faults: [{ kind: stop, durationSeconds: { min: 6, max: 6 } }]
`;

/** Prints, from the copy, what each part of Encore knows about the kind. */
const probe = `
import { createRegistry } from '@encore/kit';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { renderTimeline } from '@encore/plan';
import { configJsonSchema } from './scripts/make-config-schema.ts';
import { faultDocs } from './scripts/make-fault-docs.ts';
import { injectorMetrics } from './services/chaos/src/injector/metrics.ts';
import { parseCommandLine } from './services/orchestrator/src/cli/command-line.ts';
import { renderPage } from './services/orchestrator/src/report/page.ts';
import { judged } from './services/orchestrator/src/testing/judged-run.ts';
import { plannedFault } from './services/orchestrator/src/testing/simulated-fault.ts';

const command = parseCommandLine(['--config', 'settings.yaml', '--seed', '7'], {});
if (command.name !== 'run') throw new Error(JSON.stringify(command));
const fault = plannedFault(1, { kind: 'stop', target: 'server', atSeconds: 40, durationSeconds: 6 });
const judgement = await judged({ faults: [fault] });
const registry = createRegistry('chaos');
injectorMetrics(registry, readSystemFile(bundledSystemFile));
console.log(JSON.stringify({
  plan: command.plan.faults,
  dryRun: renderTimeline(command.plan, null),
  docs: faultDocs(),
  page: renderPage(judgement),
  reported: judgement.report.faults[0],
  schema: JSON.stringify(configJsonSchema()),
  metrics: await registry.metrics(),
}));
`;

interface Knowledge {
  plan: Record<string, unknown>[];
  dryRun: string;
  docs: string;
  page: string;
  reported: Record<string, unknown>;
  schema: string;
  metrics: string;
}

/** Copies the sources to a folder in which every package of ours is the copy. */
function copySources(folder: string): void {
  for (const name of ['packages', 'services', 'embedded', 'scripts', 'test/support', 'system.yaml', 'package.json'])
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.endsWith('node_modules'),
    });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@encore'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@encore') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const workspace of ['packages', 'services'])
    for (const name of readdirSync(join(folder, workspace)))
      symlinkSync(join(folder, workspace, name), join(modules, '@encore', name));
}

describe('a new kind of fault', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'encore-new-kind-'));
  const edit = (path: string, change: (text: string) => string) => {
    const text = readFileSync(join(folder, path), 'utf8');
    const changed = change(text);
    assert.notEqual(changed, text, path);
    writeFileSync(join(folder, path), changed);
  };
  const run = (program: string, ...args: string[]) =>
    runCommand(process.execPath, [program, ...args], { cwd: folder, timeoutMs: 100_000 });
  let known: Knowledge;

  before(async () => {
    copySources(folder);
    const faults = 'services/chaos/src/injector/faults';
    edit('packages/contracts/src/kinds/kills.ts', (text) => text.replace(/\} as const;\n$/, `${entry}} as const;\n`));
    writeFileSync(join(folder, faults, 'stop.ts'), functions);
    edit(`${faults}/functions-by-kind.ts`, (text) => text + line);
    edit('system.yaml', (text) => text.replace('      - crash\n', '      - crash\n      - stop\n'));
    writeFileSync(join(folder, 'settings.yaml'), settings);
    writeFileSync(join(folder, 'probe.ts'), probe);
    const { stdout, stderr, exitCode } = await run('probe.ts');
    assert.equal(exitCode, 0, stderr);
    known = JSON.parse(stdout) as Knowledge;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is planned with its defaults, and shown by --dry-run', () => {
    const [{ kind, params } = {}] = known.plan;
    assert.deepEqual([kind, params], ['stop', { withinSeconds: 4 }]);
    assert.match(known.dryRun, / stop +server +6\.0 s {2}withinSeconds 4$/m);
  });

  it('is documented, and accepted by the schema of settings', () => {
    assert.match(known.docs, /^\| \[stop\]\(#stop\) \| server \| withinSeconds \| 5 to 20 s \|/m);
    assert.match(known.docs, /^\| `withinSeconds` \| 4 \| 1 to 6 \| how long the target may take to end \|$/m);
    assert.match(known.schema, /"const":"stop"/);
  });

  it('is judged, and has its group in the report', () => {
    assert.deepEqual([known.reported['kind'], known.reported['effect']], ['stop', 'confirmed']);
    assert.match(known.page, /"stop":"kill"/);
  });

  it('has its series on the dashboards from the start', () => {
    assert.match(known.metrics, /^chaos_fault_active\{.*kind="stop",target="server".*\} 0$/m);
  });

  it('takes part in the tests that run every kind', async () => {
    const test = 'services/chaos/src/injector/fault-lifecycle.test.ts';
    const { stdout } = await run(join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', test, '-g', 'stop:');
    assert.match(stdout, /stop: records intent, effect and revert, and restores the state/);
    assert.match(stdout, /2 passing/);
  });
});
