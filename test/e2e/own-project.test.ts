/**
 * `encore run` in the folder of somebody's own Compose project, while their own stack is up: the
 * verdict is the exit code, the stack is not touched, and nothing of the run is left. Prometheus
 * shows the run under the project's own names.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, reportSchema } from '@encore/contracts';
import { after, before, describe, it } from 'mocha';
import { type CommandResult, root, runCommand, tail } from '../support/command.ts';
import { ignoreComposeFile } from '../support/compose-file.ts';
import type { Dashboard } from '../support/dashboard-panels.ts';
import { requireEngine } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { Prometheus, type Range } from '../support/prometheus.ts';
import { unlessLate } from '../support/report.ts';
import { assertMetricsExist, assertShown, panelQueries } from './shown.ts';

const runMs = 240_000;

describe('encore run of somebody’s own project', function () {
  this.timeout(600_000);
  let folder = '';
  let env: NodeJS.ProcessEnv = {};
  let ownPort = 0;

  const docker = async (...args: string[]): Promise<string[]> => {
    const { exitCode, stdout, stderr } = await runCommand('docker', args, { cwd: folder, env, timeoutMs: 120_000 });
    assert.equal(exitCode, 0, `docker ${args.join(' ')}\n${tail(stderr)}`);
    return stdout.split('\n').filter((line) => line !== '');
  };
  const encore = (args: string[], onOutput?: (text: string) => void): Promise<CommandResult> =>
    runCommand(join(root, 'encore'), args, { cwd: folder, env, timeoutMs: runMs, ...(onOutput && { onOutput }) });

  /** Everything on the engine that a run of this folder has left. */
  const leftovers = async (): Promise<string[]> => {
    const of = ['--filter', 'label=encore.run', '--format'];
    const all = [
      ...(await docker('ps', '-a', ...of, 'container {{.Names}}')),
      ...(await docker('network', 'ls', ...of, 'network {{.Name}}')),
      ...(await docker('volume', 'ls', ...of, 'volume {{.Name}}')),
      ...(await docker('image', 'ls', ...of, 'image {{.Repository}}:{{.Tag}}')),
    ];
    return all.filter((line) => line.includes('encore-own-encore-'));
  };
  /** The developer's own containers, with the start of each process, and what the API responds. */
  const ownStack = async (): Promise<string[]> => {
    const ids = await docker('compose', 'ps', '-q');
    const format =
      '{{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}';
    const containers = await docker('inspect', '--format', format, ...ids.sort());
    const response = await fetch(`http://127.0.0.1:${ownPort}/`);
    return [...containers, await response.text()];
  };
  const reportIn = async (): Promise<Report> => {
    const names = await readdir(join(folder, 'test_results'));
    const [name = ''] = names
      .filter((one) => one.endsWith('.json'))
      .sort()
      .slice(-1);
    return reportSchema.parse(JSON.parse(await readFile(join(folder, 'test_results', name), 'utf8')));
  };

  /** The dashboards are those that the kept run has. */
  const assertMonitored = async (output: string, range: Range): Promise<void> => {
    const [, url] = /\bPrometheus (http:\/\/localhost:\d+) /.exec(output) ?? [];
    assert.ok(url !== undefined, tail(output, 60));
    const prometheus = new Prometheus(url);
    const up = await prometheus.range('up == 1', range);
    assert.deepEqual(up.map(({ labels }) => `${labels['job']} ${labels['instance']}`).sort(), [
      'chaos encore-chaos:8011',
      'loadgen encore-loadgen:8012',
      'orchestrator encore-orchestrator:8080',
      'prometheus localhost:9090',
      'toxiproxy api-sidecar:8474',
      'toxiproxy store-sidecar:8474',
    ]);
    const [container = ''] = await docker('ps', '-q', '--filter', 'name=^/?encore-own-encore-.*-encore-prometheus-1$');
    await docker('cp', `${container}:/etc/encore/dashboards`, folder);
    const dashboards = Object.fromEntries(
      await Promise.all(
        ['run', 'lab'].map(
          async (name): Promise<[string, Dashboard]> => [
            name,
            JSON.parse(await readFile(join(folder, 'dashboards', `${name}.json`), 'utf8')),
          ],
        ),
      ),
    );
    // A panel with a text for no data may show it: the run was interrupted.
    const asked = panelQueries(dashboards, (range.toMs - range.fromMs) / 1_000, 0);
    assert.ok(asked.length > 30, `${asked.length} panels`);
    await assertShown(prometheus, asked, range);
    await assertMetricsExist(
      prometheus,
      asked.flatMap(({ exprs }) => exprs),
      range,
    );
    const [, grafana] = /Grafana (http:\/\/localhost:\d+) /.exec(output) ?? [];
    if (grafana === undefined) {
      assert.match(output, /^Grafana is left out of this run/m);
      process.stdout.write('      without Grafana, whose image is not available here\n');
      return;
    }
    for (const name of ['run', 'lab'])
      assert.equal((await fetch(`${grafana}/api/dashboards/uid/encore-${name}`)).status, 200, name);
  };

  ignoreComposeFile();
  before(async function () {
    await requireEngine(this);
    folder = await mkdtemp(join(tmpdir(), 'encore-own-'));
    await cp(join(import.meta.dirname, 'own-project'), folder, { recursive: true });
    ownPort = await freePort();
    env = { OWN_PORT: String(ownPort) };
    await docker('compose', 'up', '-d', '--build', '--wait', '--quiet-pull');
  });
  after(async () => {
    if (folder === '') return;
    await encore(['revert']);
    // COMPOSE_FILE, which names the files of the lab, may be set again by now.
    await docker('compose', '-f', 'compose.yaml', 'down', '-v', '--rmi', 'local', '-t', '1');
    await rm(folder, { recursive: true, force: true });
  });

  it('injects, recovers and judges, and leaves only the report', async () => {
    const before = await ownStack();
    const run = await encore(['run', '--seed', '7']);
    const story = `${tail(run.stdout, 70)}\n${tail(run.stderr)}`;
    process.stdout.write(`      ${run.seconds.toFixed(0)} s\n`);
    assert.ok(run.exitCode === 0 || run.exitCode === 2, story);
    const report = await reportIn();
    const expected = unlessLate(report, ['PASSED', 0]);
    assert.deepEqual([report.result, run.exitCode], expected, `${story}\n${report.reasons.join('\n')}`);
    assert.deepEqual(
      report.faults.map(({ kind, target, effect }) => [kind, target, effect]),
      [
        ['connection-refused', 'store:9000', 'confirmed'],
        ['crash', 'api', 'confirmed'],
        ['crash', 'store', 'confirmed'],
      ],
      story,
    );
    // Neither unless-stopped nor on-failure would restart a target that was killed by the engine.
    for (const { kind, id, recovered_by } of report.faults)
      if (kind === 'crash') assert.equal(recovered_by, 'restart-policy', `${id}\n${story}`);
    const ofStore = report.faults[2]?.services.find(({ service }) => service === 'store');
    assert.deepEqual([ofStore?.source, ofStore?.resolution_seconds], ['health-check', 5], story);
    assert.ok((ofStore?.seconds ?? Number.POSITIVE_INFINITY) < 15, story);
    assert.deepEqual(report.proxy_clients, { 'api:8000': ['encore-loadgen'], 'store:9000': ['api'] }, story);
    assert.deepEqual(await leftovers(), []);
    assert.deepEqual(await ownStack(), before);
    const [name = ''] = (await readdir(join(folder, 'test_results'))).filter((one) => !one.endsWith('.json'));
    const files = await readdir(join(folder, 'test_results', name));
    for (const file of ['report.html', 'junit.xml', 'summary.md', 'history.ndjson', 'plan.json'])
      assert.ok(files.includes(file), file);
    const verified = await encore(['verify', join('test_results', name)]);
    assert.equal(verified.exitCode, run.exitCode, tail(verified.stdout));
  });

  it('ends at Ctrl-C with a report, shown by Prometheus, and revert removes what --keep left', async () => {
    const crashed = Promise.withResolvers<void>();
    const fromMs = Date.now();
    const running = encore(['run', '--keep', '--no-monitor'], (text) => {
      if (text.includes('crash of store: injected')) crashed.resolve();
    });
    await Promise.race([crashed.promise, running]);
    // The process is the only one of the launcher that runs in this folder.
    const [pid] = await pidsIn(folder);
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGINT');
    const run = await running;
    const story = `${tail(run.stdout, 40)}\n${tail(run.stderr)}`;
    assert.equal(run.exitCode, 130, story);
    assert.equal((await reportIn()).result, 'INTERRUPTED', story);
    await assertMonitored(run.stdout, { fromMs, toMs: Date.now() });
    // As a killed chaos service leaves a target that it froze.
    const of = ['--filter', 'label=encore.run', '--filter', 'label=encore.target=store'];
    const frozen = await docker('ps', '-q', ...of);
    assert.equal(frozen.length, 1);
    await docker('pause', ...frozen);
    assert.notDeepEqual(await leftovers(), []);
    const reverted = await encore(['revert']);
    assert.equal(reverted.exitCode, 0, tail(reverted.stderr));
    assert.deepEqual(await leftovers(), []);
  });
});

/** Processes of Node whose current folder is this one. */
async function pidsIn(folder: string): Promise<number[]> {
  const { stdout } = await runCommand(
    'sh',
    ['-c', 'for p in /proc/[0-9]*; do echo "$p $(readlink $p/cwd) $(readlink $p/exe)"; done'],
    {
      timeoutMs: 20_000,
    },
  );
  return stdout.split('\n').flatMap((line) => {
    const [path = '', cwd, exe = ''] = line.split(' ');
    return cwd === folder && exe.endsWith('/node') ? [Number(path.slice('/proc/'.length))] : [];
  });
}
