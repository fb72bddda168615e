/**
 * `npm run mutation`: seeds one bug after another and reports whether the verdict detected it.
 *
 *   npm run mutation                      all bugs
 *   npm run mutation -- flipped-byte ...  these bugs
 *   npm run mutation -- clean-scenarios [run ...]  the bugs' runs, or these, without a seeded bug
 *   npm run mutation -- clean [count]     smoke runs without a seeded bug on new seeds, default 10
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { describeError } from '@encore/kit';
import { type Bug, bugs } from './bugs.ts';
import { runLab } from './lab-run.ts';
import { runLoopback } from './loopback-run.ts';
import { recordBug, recordClean, recordCleanScenario } from './record.ts';
import { type Scenario, type ScenarioName, scenarios } from './scenarios.ts';
import { seedingEnvironment } from './seeding.ts';
import { triggersIn } from './triggers.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error('interrupted'));
  });
}

const [command = 'all', ...rest] = process.argv.slice(2);
const good = await perform();
process.exitCode = stop.signal.aborted ? 130 : good ? 0 : 1;

async function perform(): Promise<boolean> {
  if (command === 'clean') return inTurn(Array.from({ length: Number(rest[0] ?? 10) }), runClean);
  const runs = [...new Set(bugs.map(({ scenario }) => scenario))];
  if (command === 'clean-scenarios') return inTurn(chosenOf(runs, rest, String), runCleanScenario);
  return inTurn(
    chosenOf(bugs, command === 'all' ? [] : [command, ...rest], ({ name }) => name),
    runBug,
  );
}

/** Returns the items with these names, or all. */
function chosenOf<Item>(all: readonly Item[], names: readonly string[], nameOf: (item: Item) => string): Item[] {
  const unknown = names.filter((name) => !all.some((item) => nameOf(item) === name));
  if (unknown.length > 0) {
    process.stderr.write(`unknown: ${unknown.join(', ')}. Use ${all.map(nameOf).join(', ')}\n`);
    process.exit(2);
  }
  return all.filter((item) => names.length === 0 || names.includes(nameOf(item)));
}

/**
 * Runs all of them, even after a failure; an interruption ends the current one and starts no other.
 */
async function inTurn<Item>(items: readonly Item[], run: (item: Item) => Promise<boolean>): Promise<boolean> {
  let allGood = true;
  for (const item of items) {
    if (stop.signal.aborted) return false;
    allGood = (await run(item)) && allGood;
  }
  return allGood;
}

async function runBug(bug: Bug): Promise<boolean> {
  const { seed, folder } = begin(bug.name);
  const triggersFile = join(folder, 'triggers');
  const { result, reasons } = await judge(bug.scenario, seed, folder, seedingEnvironment(bug, triggersFile));
  if (stop.signal.aborted) return false;
  const triggers = triggersIn(triggersFile);
  const named = reasons.find((text) => bug.reason.test(text));
  const detected = result === bug.verdict && named !== undefined && triggers >= bug.triggersExpected;
  const reason = named ?? reasons.join('; ');
  recordBug(bug.name, { seed, triggers, result, reason, detected });
  print(detected ? 'detected' : 'NOT DETECTED', `${triggers} triggers, ${result}: ${reason}`);
  return detected;
}

/** Runs the scenario without a seeded bug: the rules that detect the bugs must not fire. */
async function runCleanScenario(scenario: ScenarioName): Promise<boolean> {
  const { seed, folder } = begin(`${scenario} without a seeded bug`);
  const { result, reasons } = await judge(scenario, seed, folder, {});
  if (stop.signal.aborted) return false;
  const awaited = bugs.filter((bug) => bug.scenario === scenario);
  const silent = !reasons.some((text) => awaited.some((bug) => bug.reason.test(text)));
  recordCleanScenario(scenario, { seed, result, reason: reasons.join('; '), silent });
  print(silent ? 'silent' : 'NOT SILENT', `${result}: ${reasons.join('; ')}`);
  return silent;
}

/** Recorded whatever the result, even when interrupted or without a report. */
async function runClean(): Promise<boolean> {
  const { seed, folder } = begin('clean');
  const { result, reasons } = await judge('smoke', seed, folder, {});
  recordClean({ seed, result, reason: reasons.join('; ') });
  print(result === 'PASSED' ? 'passed' : 'NOT PASSED', `${result}: ${reasons.join('; ')}`);
  return result === 'PASSED';
}

function begin(name: string): { seed: number; folder: string } {
  const seed = randomInt(1_000_000);
  const folder = mkdtempSync(join(tmpdir(), 'encore-mutation-'));
  process.stdout.write(`${name}, seed ${seed}, in ${folder}\n`);
  return { seed, folder };
}

async function judge(
  name: ScenarioName,
  seed: number,
  folder: string,
  seeding: Record<string, string>,
): Promise<Pick<Report, 'result' | 'reasons'>> {
  const { settings, seconds, serverConfig }: Scenario = scenarios[name];
  const { signal } = stop;
  try {
    if (settings === null) return await runLoopback({ seed, folder, seeding, signal });
    const timed = { ...settings, hours: seconds / 3_600 };
    return await runLab({ settings: timed, seed, serverConfig, folder, seeding, signal });
  } catch (error) {
    return { result: signal.aborted ? 'INTERRUPTED' : 'INCONCLUSIVE', reasons: [`no report: ${describeError(error)}`] };
  }
}

function print(outcome: string, details: string): void {
  process.stdout.write(`  ${outcome}: ${details}\n`);
}
