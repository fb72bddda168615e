/**
 * Each kind of fault once on Docker, in a lab of its own beside the other tests, and how monitoring
 * shows it.
 */
import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { after, before, describe, it } from 'mocha';
import { ComposeLab } from '../support/compose-lab.ts';
import { Prometheus, type Range } from '../support/prometheus.ts';
import { reportOf } from '../support/report.ts';
import { assertMoved } from './moved.ts';
import { assertWatched } from './watching.ts';

const lab = new ComposeLab('encore-catalogue');
/** Two runs that begin in the same second would have the same name in one folder. */
const ownResults = ['-e', 'ENCORE_RESULTS_DIR=test_results/catalogue'];

describe('the catalogue of faults on docker compose', () => {
  before(async function () {
    await lab.prepare(this);
    await lab.up('--scale', 'orchestrator=0');
  });
  after(() => lab.down());

  let catalogue: { range: Range; report: Report } | undefined;
  it('injects each kind of fault once with its effect, and loses no write', async () => {
    const fromMs = Date.now();
    const run = await lab.orchestrate(['--config', 'test/e2e/catalogue.yaml', '--seed', '7'], { options: ownResults });
    const range = { fromMs, toMs: Date.now() };
    const report = await reportOf(run);
    catalogue = { range, report };
    assert.ok(report.faults.length >= 23, `${report.faults.length} faults`);
    for (const { kind, effect, evidence, revert_verified: reverted } of report.faults) {
      assert.equal(effect, 'confirmed', `${kind}: ${evidence}`);
      assert.notEqual(reverted, false, kind);
    }
    for (const key of ['lost', 'corrupt', 'duplicate', 'phantom'] as const) assert.equal(report.integrity[key], 0, key);
    assert.ok((report.integrity.acknowledged ?? 0) > 50, `${report.integrity.acknowledged} acknowledged writes`);
  });

  it('is monitored: each panel and rule has data, each alert is in its expected state', async () => {
    assert.ok(catalogue, 'there was no run');
    await assertWatched(lab.url('PROMETHEUS'), catalogue.range, catalogue.report);
  });

  it('shows each kind of fault on its panel', async () => {
    assert.ok(catalogue, 'there was no run');
    const { range, report } = catalogue;
    const lines = await assertMoved(new Prometheus(lab.url('PROMETHEUS')), range, report.faults);
    process.stdout.write(lines.map((line) => `    ${line}\n`).join(''));
  });
});
