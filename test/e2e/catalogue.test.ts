/** Each kind of fault once on Docker, in a lab of its own beside the other tests, and what monitoring shows of each. */
import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { after, before, describe, it } from 'mocha';
import { ComposeLab } from '../support/compose-lab.ts';
import { Prometheus, type Range } from '../support/prometheus.ts';
import { reportOf } from '../support/report.ts';
import { assertMoved } from './moved.ts';
import { assertWatched } from './watching.ts';

const lab = new ComposeLab('encore-catalogue');
/** Two runs that begin in the same second would take the same name in one folder. */
const ownResults = ['-e', 'ENCORE_RESULTS_DIR=test_results/catalogue'];

describe('the catalogue of faults on docker compose', () => {
  before(async function () {
    await lab.prepare(this);
    await lab.up('--scale', 'orchestrator=0');
  });
  after(() => lab.down());

  let catalogue: { range: Range; report: Report } | undefined;
  it('injects each kind of fault once, each with its effect, and loses nothing', async () => {
    const fromMs = Date.now();
    const run = await lab.orchestrate(['--config', 'test/e2e/catalogue.yaml', '--seed', '7'], { options: ownResults });
    const range = { fromMs, toMs: Date.now() };
    const report = await reportOf(run);
    catalogue = { range, report };
    assert.ok(report.faults.length >= 23, `${report.faults.length} faults`);
    for (const { kind, bit, evidence, undo_verified: undone } of report.faults) {
      assert.equal(bit, 'yes', `${kind}: ${evidence}`);
      assert.notEqual(undone, false, kind);
    }
    for (const key of ['lost', 'corrupt', 'duplicate', 'phantom'] as const) assert.equal(report.integrity[key], 0, key);
    assert.ok((report.integrity.acknowledged ?? 0) > 50, `${report.integrity.acknowledged} acknowledged writes`);
  });

  it('was watched in the catalogue run: each panel and rule has its data, each alert is in the state that it says', async () => {
    assert.ok(catalogue, 'there was no run');
    await assertWatched(lab.url('PROMETHEUS'), catalogue.range, catalogue.report);
  });

  it('shows each kind of fault of the catalogue run on the panel that is there for it', async () => {
    assert.ok(catalogue, 'there was no run');
    const { range, report } = catalogue;
    const told = await assertMoved(new Prometheus(lab.url('PROMETHEUS')), range, report.faults);
    process.stdout.write(told.map((line) => `    ${line}\n`).join(''));
  });
});
