/**
 * promtool's checks of the configuration, of the dashboards' queries, and of the programs' metric
 * names.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { stringify } from 'yaml';
import { writeMonitoringFiles } from '../../../packages/project/src/monitoring/monitoring-files.ts';
import { allDashboards, bundledDashboards } from '../../support/all-dashboards.ts';
import { root } from '../../support/command.ts';
import { panelsOf } from '../../support/dashboard-panels.ts';
import { requireEngine } from '../../support/engine.ts';
import { expositions } from '../../support/metrics-catalogue.ts';
import { withoutVariables } from '../../support/promql.ts';
import { promtool } from '../../support/promtool.ts';
import { renamedSystem } from '../../support/renamed-system.ts';

const prometheus = join(root, 'prometheus');
const testRules = 'test rules recording.test.yml alerts.test.yml';

describe('promtool', () => {
  let folder = '';
  before(async function () {
    await requireEngine(this);
    folder = await mkdtemp(join(tmpdir(), 'encore-promtool-'));
  });
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true });
  });

  /** A copy of the lab's files with one of them changed. */
  async function changed(file: string, from: string, to: string): Promise<string> {
    const copy = await mkdtemp(join(folder, 'changed-'));
    await cp(prometheus, copy, { recursive: true });
    const text = await readFile(join(copy, file), 'utf8');
    assert.ok(text.includes(from), `${file} has no ${from}`);
    await writeFile(join(copy, file), text.replaceAll(from, to));
    return copy;
  }

  it('accepts configuration and rules with all lints', async () => {
    const answer = await promtool('check config --lint=all --lint-fatal prometheus.yml', prometheus);
    assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
  });

  it('accepts configuration and rules of a run of a user’s own project', async () => {
    const own = await mkdtemp(join(folder, 'own-'));
    const targets = { loadgen: ['encore-loadgen:8012'], toxiproxy: ['alpha-sidecar:8474'] };
    await writeMonitoringFiles(own, { root, system: { ...renamedSystem, hasMemoryLimit: true }, targets });
    const answer = await promtool('check config --lint=all --lint-fatal prometheus.yml', join(own, 'prometheus'));
    assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
    assert.match(answer.stdout, /alerts\.yml\n +SUCCESS: \d+ rules found/);
  });

  it('runs the rule tests', async () => {
    const answer = await promtool(testRules, join(prometheus, 'tests'), prometheus);
    assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
  });

  it('fails the rule tests when a rule is broken', async () => {
    const broken: [file: string, from: string, to: string][] = [
      ['rules/server.yml', 'for: 10s', 'for: 0s'],
      ['rules/alerts.yml', '> 0.75', '> 0.85'],
      ['rules/alerts.yml', 'lost|corrupt', 'corrupt'],
      ['rules/recording.yml', '"failed|unknown"', '"failed"'],
      ['rules/recording.yml', 'result!="cancelled"', 'result!=""'],
    ];
    for (const change of broken) {
      const copy = await changed(...change);
      const answer = await promtool(testRules, join(copy, 'tests'), copy);
      assert.match(answer.stdout + answer.stderr, /FAILED:/, `no test fails with ${change.join(' ')}`);
    }
  });

  it('parses every query of every dashboard', async () => {
    const queries = allDashboards.flatMap((dashboard) => [
      ...panelsOf(dashboard).flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...dashboard.annotations.list.map(({ target }) => target.expr),
    ]);
    assert.ok(queries.length > 80, `${queries.length} queries`);
    const rules = queries.map((expr, i) => ({ record: `query:${i}:parsed`, expr: withoutVariables(expr, 1_800) }));
    await writeFile(join(folder, 'queries.yml'), stringify({ groups: [{ name: 'dashboards', rules }] }));
    const answer = await promtool('check rules queries.yml', folder);
    assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
  });

  it('accepts names, units and types of the programs’ metrics', async () => {
    for (const [job, text] of Object.entries(await expositions())) {
      await writeFile(join(folder, `${job}.prom`), text);
      const answer = await promtool(`check metrics < ${job}.prom`, folder);
      const ours = (answer.stdout + answer.stderr).split('\n').filter((line) => !/^(nodejs|process)_|^$/.test(line));
      assert.deepEqual(ours, [], job);
    }
  });

  it('evaluates the verdict so far over the whole run and after its end', async () => {
    const run = bundledDashboards['run'];
    assert.ok(run);
    const verdict = panelsOf(run).find(({ title }) => title === 'Verdict so far');
    const expr = verdict?.targets[0]?.expr ?? '';
    const labels = 'job="orchestrator",instance="a"';
    const clean = {
      'encore_run_phase{phase="steady",$}': '1x60',
      'encore_run_success_ratio{$}': '0.99x60',
      'encore_run_success_limit_ratio{$}': '0.95x60',
      'encore_run_wrong_writes{finding="lost",$}': '0x60',
      'encore_run_slow_recoveries_total{kind="crash",$}': '0x60',
      'encore_run_violations{rule="wrong_answers",$}': '0x60',
      'encore_run_recovery_pending_seconds{$}': '0x60',
      'encore_run_recovery_limit_seconds{$}': '30x60',
    };
    // One sample per minute for an hour, then the orchestrator is gone. Null: nothing to show.
    const cases: [
      name: string,
      changed: Partial<Record<keyof typeof clean, string>>,
      at: string,
      verdict: 0 | 1 | null,
    ][] = [
      ['no violation', {}, '55m', 0],
      ['a write was lost 50 minutes ago', { 'encore_run_wrong_writes{finding="lost",$}': '0x5 3x54' }, '55m', 1],
      ['a recovery was slow', { 'encore_run_slow_recoveries_total{kind="crash",$}': '0x5 1x54' }, '55m', 1],
      ['users wait too long', { 'encore_run_recovery_pending_seconds{$}': '0x53 31x6' }, '55m', 1],
      ['users waited, in time', { 'encore_run_recovery_pending_seconds{$}': '0x53 29 0x6' }, '59m', 0],
      ['a response was wrong', { 'encore_run_violations{rule="wrong_answers",$}': '0x5 1x54' }, '55m', 1],
      ['the success rate is too low', { 'encore_run_success_ratio{$}': '0.949x60' }, '55m', 1],
      ['the scenario demands more', { 'encore_run_success_limit_ratio{$}': '0.999x60' }, '55m', 1],
      ['no operation has ended yet', { 'encore_run_success_ratio{$}': '_x60' }, '55m', 0],
      ['the run ended well', {}, '3h', 0],
      ['the run ended badly', { 'encore_run_wrong_writes{finding="lost",$}': '0x5 3x54' }, '3h', 1],
      ['the run was long ago', {}, '26h', null],
    ];
    const tests = cases.map(([name, changed, at, value]) => ({
      name,
      interval: '1m',
      input_series: Object.entries({ ...clean, ...changed }).map(([series, values]) => ({
        series: series.replace('$', labels),
        values: `${values} stale`,
      })),
      promql_expr_test: [{ expr, eval_time: at, exp_samples: value === null ? [] : [{ labels: '{}', value }] }],
    }));
    await writeFile(join(folder, 'verdict.test.yml'), stringify({ rule_files: [], evaluation_interval: '1m', tests }));
    const answer = await promtool('test rules verdict.test.yml', folder);
    assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
  });
});
