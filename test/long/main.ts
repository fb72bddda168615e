/**
 * `npm run test:long`: 45 minutes of the full profile, 100 users and a kill every 6 minutes, on
 * Docker Compose and then without Docker. Each run draws a seed and adds a row to
 * docs/LONG_RUNS.md, whatever its verdict. Exits with 1 unless every run PASSED.
 *
 *   npm run test:long                     both runtimes
 *   npm run test:long -- docker           this one (or embedded)
 *   npm run test:long -- docker --hours 2 --kill-interval 15 --seed 7
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { record } from './record.ts';
import { type LongRun, runLong, runtimes } from './runs.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hours: { type: 'string', default: '0.75' },
    'kill-interval': { type: 'string', default: '6' },
    seed: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !runtimes.some((runtime) => runtime === name));
if (unknown.length > 0) {
  process.stderr.write(`unknown runtime ${unknown.join(', ')}. Use ${runtimes.join(' or ')}.\n`);
  process.exit(2);
}

let allPassed = true;
for (const runtime of runtimes.filter((name) => positionals.length === 0 || positionals.includes(name))) {
  const run: LongRun = {
    runtime,
    seed: Number(values.seed ?? randomInt(1_000_000)),
    hours: Number(values.hours),
    killIntervalMinutes: Number(values['kill-interval']),
  };
  process.stdout.write(`${runtime}, seed ${run.seed}, ${run.hours} h, a kill every ${run.killIntervalMinutes} min\n`);
  const report = await runLong(run);
  record(run, report);
  process.stdout.write(`${report.result}: ${report.reasons.join('; ')}\n`);
  allPassed &&= report.result === 'PASSED';
}
process.exitCode = allPassed ? 0 : 1;
