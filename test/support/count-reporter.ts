/**
 * Mocha's `spec` reporter that also counts: if ENCORE_TEST_RESULTS names a folder, each run appends
 * one line to its results.ndjson, so that a caller of several runs (`.ci/run`) can add them up.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type MochaOptions, type Runner, reporters } from 'mocha';

export default class CountReporter extends reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const folder = process.env['ENCORE_TEST_RESULTS'];
    if (!folder) return;
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const suite = process.env['npm_lifecycle_event'] ?? 'mocha';
      mkdirSync(folder, { recursive: true });
      const line = JSON.stringify({ suite, passed: passes, failed: failures, pending });
      appendFileSync(join(folder, 'results.ndjson'), `${line}\n`);
    });
  }
}
