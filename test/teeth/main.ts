/**
 * `npm run teeth`: plants one bug after another and says whether the verdict caught it.
 *
 *   npm run teeth                      all bugs
 *   npm run teeth -- flipped-byte ...  these bugs
 *   npm run teeth -- twins             each bug's run with nothing planted
 *   npm run teeth -- clean [count]     smoke runs on fresh seeds, 10 of them, with nothing planted
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { type Bug, bugs } from './bugs.ts';
import { hitsIn } from './hits.ts';
import { runLab } from './lab-run.ts';
import { runLoopback } from './loopback-run.ts';
import { plantingEnvironment } from './planting.ts';
import { recordBug, recordClean, recordTwin } from './record.ts';
import { type ScenarioName, scenarios } from './scenarios.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error('interrupted'));
  });
}

const [command = 'all', ...rest] = process.argv.slice(2);
try {
  process.exitCode = (await perform()) ? 0 : 1;
} catch (error) {
  if (!stop.signal.aborted) throw error;
  process.exitCode = 130;
}

async function perform(): Promise<boolean> {
  if (command === 'clean') return runClean(Number(rest[0] ?? 10));
  if (command === 'twins') return runTwins();
  const names = command === 'all' ? bugs.map(({ name }) => name) : [command, ...rest];
  const chosen = names.map((name) => bugs.find((bug) => bug.name === name) ?? refuse(name));
  let caught = true;
  for (const bug of chosen) caught = (await runBug(bug)) && caught;
  return caught;
}

function refuse(name: string): never {
  process.stderr.write(`there is no bug ${name}; there are ${bugs.map((bug) => bug.name).join(', ')}\n`);
  process.exit(2);
}

async function runBug(bug: Bug): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), `encore-teeth-${bug.name}-`));
  const hitsFile = join(folder, 'hits');
  const { report, seed } = await runScenario(bug.scenario, folder, plantingEnvironment(bug, hitsFile));
  const hits = hitsIn(hitsFile);
  const reason = report.reasons.find((text) => bug.reason.test(text));
  const caught = report.result === bug.verdict && reason !== undefined && hits >= bug.hitsExpected;
  const told = reason ?? report.reasons.join('; ');
  recordBug(bug.name, { seed, hits, result: report.result, reason: told, caught });
  say(caught, bug.name, `${hits} hits, ${report.result}: ${told}`, folder);
  return caught;
}

/** Nothing planted: the rule that catches the bug must be silent in the same run. */
async function runTwins(): Promise<boolean> {
  let silent = true;
  for (const scenario of new Set(bugs.map((bug) => bug.scenario))) {
    const folder = mkdtempSync(join(tmpdir(), 'encore-teeth-twin-'));
    const { report, seed } = await runScenario(scenario, folder, {});
    const loud = bugs.filter(
      (bug) => bug.scenario === scenario && report.reasons.some((text) => bug.reason.test(text)),
    );
    const names = loud.map(({ rule }) => rule).join(', ');
    const told = { seed, result: report.result, reason: report.reasons.join('; ') };
    recordTwin(scenario, { ...told, silent: loud.length === 0 });
    say(loud.length === 0, scenario, `${report.result}, broken of the awaited rules: ${names || 'none'}`, folder);
    silent &&= loud.length === 0;
  }
  return silent;
}

async function runClean(count: number): Promise<boolean> {
  let passed = true;
  for (let run = 1; run <= count; run += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'encore-teeth-clean-'));
    const { report, seed } = await runScenario('smoke', folder, {});
    recordClean({ seed, result: report.result, reason: report.reasons.join('; ') });
    say(report.result === 'PASSED', `clean ${run} of ${count}, seed ${seed}`, report.result, folder);
    passed &&= report.result === 'PASSED';
  }
  return passed;
}

async function runScenario(
  name: ScenarioName,
  folder: string,
  planting: Record<string, string>,
): Promise<{ report: Report; seed: number }> {
  const seed = randomInt(1_000_000);
  const { settings, seconds } = scenarios[name];
  const { signal } = stop;
  if (settings === null) return { report: await runLoopback({ seed, folder, planting, signal }), seed };
  const hours = seconds / 3_600;
  return { report: await runLab({ settings: { ...settings, hours }, seed, folder, planting, signal }), seed };
}

function say(good: boolean, name: string, what: string, folder: string): void {
  process.stdout.write(`${good ? 'ok     ' : 'NOT OK '} ${name}: ${what}\n         ${folder}\n`);
}
