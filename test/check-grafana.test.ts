import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { parse } from 'yaml';
import { checkGrafana } from '../scripts/check-grafana.ts';
import { root } from './support/command.ts';
import { FakeGrafana } from './support/fake-grafana.ts';

const minutes = 10;
const up = 'min by (job) (min_over_time(up[$__interval]))';
const answers = 'Encore: lab: Scrape targets up';

describe('check of a running Grafana', () => {
  let grafana: FakeGrafana;
  beforeEach(async () => {
    grafana = await FakeGrafana.start('12.3.0');
  });
  afterEach(() => grafana[Symbol.asyncDispose]());
  const problems = async () => (await checkGrafana(grafana.url, minutes)).problems;

  it('finds no problem when every panel shows data, and sends valid queries', async () => {
    const { problems: none, summary } = await checkGrafana(`${grafana.url}/`, minutes);
    assert.deepEqual(none, []);
    assert.deepEqual(grafana.refused, []);
    assert.match(summary, /^3 dashboards, [5-9]\d panels and annotations, 1?\d\d queries$/);
  });

  it('reports an unhealthy database, another version and another home dashboard', async () => {
    Object.assign(grafana, { health: { database: 'failing', version: '11.0.0' }, home: 'Welcome' });
    assert.deepEqual(await problems(), [
      'it is not healthy: status 503, database failing',
      'it has version 11.0.0, but 12.3.0 is pinned',
      'it opens on Welcome instead of Encore: run',
    ]);
  });

  it('reports a missing dashboard and a missing panel', async () => {
    grafana.missing.add('encore-server');
    const { title } = grafana.shown('encore-run').panels.pop() ?? {};
    assert.deepEqual(await problems(), [
      `Encore: run is missing the panel ${title}`,
      'dashboard Encore: server is missing: status 404',
    ]);
  });

  it('reports each query that is refused, returns nothing, or returns no numbers', async () => {
    grafana.results.set(up, { status: 400, error: 'bad_data: parse error', frames: [] });
    assert.deepEqual(await problems(), [`${answers}: bad_data: parse error: ${up}`]);
    for (const frames of [
      [],
      [{ schema: {}, data: { values: [] } }],
      [{ schema: {}, data: { values: [[1], [null]] } }],
    ]) {
      grafana.results.set(up, { frames });
      assert.deepEqual(await problems(), [`${answers} returns no numbers: ${up}`]);
    }
  });
});

describe('GitHub workflows', () => {
  const read = (name: string) => readFileSync(join(root, '.github/workflows', name), 'utf8');

  it('pin each action by its full hash, with the version as a comment', () => {
    for (const name of ['ci.yml', 'stress-test.yml'])
      for (const [line] of read(name).matchAll(/^.*\buses:.*$/gm))
        assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
  });

  it('run the stress test for four hours with 50 users, within their time', () => {
    const { jobs } = parse(read('stress-test.yml')) as {
      jobs: { stress: { 'timeout-minutes': number; steps: { run?: string }[] } };
    };
    assert.equal(jobs.stress['timeout-minutes'], 250);
    const [run = ''] = jobs.stress.steps.flatMap((step) => step.run ?? []);
    assert.match(run, /docker compose run .* --hours 4 --users 50 --recovery-timeout 30/);
  });

  it('check the real Grafana after a smoke run, and the effect of a memory cap on control groups v2', () => {
    const { jobs } = parse(read('ci.yml')) as { jobs: { smoke: { steps: { run?: string }[] } } };
    const runs = jobs.smoke.steps.flatMap((step) => step.run ?? []);
    const order = [/--profile smoke/, /check-grafana\.ts/, /cgroup2fs/, /memory-cap/, /down -v/].map((step) =>
      runs.findIndex((run) => step.test(run)),
    );
    assert.ok(!order.includes(-1), String(order));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    const memoryCap = runs.find((run) => run.includes('memory-cap')) ?? '';
    assert.match(memoryCap, /\| \.effect\] .*"confirmed"/, 'the field and the value of the report');
  });
});
