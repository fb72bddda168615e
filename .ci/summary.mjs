/**
 * Adds up what the test runs counted and names what failed: `node .ci/summary.mjs results.ndjson STATUS`,
 * where STATUS is the exit code of the test command. A stage that failed outside the tests (format, types,
 * images, a deadline) counts as one failure, and so does a run without the Compose end-to-end tests. Plain
 * JavaScript, for the host's own Node runs it.
 */
import { existsSync, readFileSync } from 'node:fs';

const [file, status] = process.argv.slice(2);
const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
const runs = lines.map((line) => JSON.parse(line));
for (const { suite, passed, failed, pending } of runs)
  console.log(`${suite}: ${passed} passed, ${failed} failed, ${pending} pending`);
for (const { title, message } of runs.flatMap((run) => run.failures))
  console.log(`FAILED: ${title}\n  ${message.slice(0, 2_000).replaceAll('\n', '\n  ')}`);

const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const endToEnd = runs.some(({ suite, passed }) => suite === 'test:e2e' && passed > 0);
if (!endToEnd) console.log('the end-to-end tests did not run');
const failed = Math.max(sum('failed'), status === '0' && endToEnd ? 0 : 1);
console.log(`\n${sum('passed')} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
