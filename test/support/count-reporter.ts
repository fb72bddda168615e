/**
 * Mocha's `spec` reporter that also counts: if ENCORE_TEST_RESULTS names a folder, each run appends
 * one line to its results.ndjson with its counts and what failed, so that a caller of several runs
 * (`.ci/run`) can add them up and name the failures last.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type MochaOptions, type Runner, reporters } from 'mocha';

export default class CountReporter extends reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const folder = process.env['ENCORE_TEST_RESULTS'];
    if (!folder) return;
    const failures: { title: string; message: string }[] = [];
    runner.on('fail', (test, { message }: Error) => failures.push({ title: test.fullTitle(), message }));
    runner.once('end', () => {
      const { passes, failures: failed, pending } = this.stats;
      const suite = process.env['npm_lifecycle_event'] ?? 'mocha';
      mkdirSync(folder, { recursive: true });
      const line = JSON.stringify({ suite, passed: passes, failed, pending, failures });
      appendFileSync(join(folder, 'results.ndjson'), `${line}\n`);
    });
  }
}
