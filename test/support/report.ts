/** Finds the report of a run that a test started, and asserts on it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Report, reportSchema } from '@encore/contracts';
import { type CommandResult, root, tail } from './command.ts';

/**
 * Returns the report whose path the run printed, relative or absolute, parsed by the published
 * schema.
 */
export async function reportOf(run: CommandResult): Promise<Report> {
  const path = run.stdout.match(/\S*production_test_\d{8}_\d{6}\w*\.json/)?.[0];
  assert.ok(path, `the run printed no report path:\n${tail(run.stdout)}\n${tail(run.stderr)}`);
  return reportSchema.parse(JSON.parse(await readFile(resolve(root, path), 'utf8')));
}

/** Asserts what a PASSED smoke run must show on any engine. */
export function assertPassedSmoke(run: CommandResult, report: Report): void {
  const story = `${tail(run.stdout, 60)}\n${report.reasons.join('\n')}`;
  assert.equal(report.result, 'PASSED', story);
  assert.equal(run.exitCode, 0, story);
  const kills = report.faults.filter((fault) => fault.kind === 'crash' || fault.kind === 'outage');
  assert.ok(kills.length >= 3, `${kills.length} kills`);
  for (const kill of kills) {
    assert.equal(kill.effect, 'confirmed', `${kill.id} ${kill.evidence}`);
    assert.equal(kill.recovered_by, kill.kind === 'crash' ? 'restart-policy' : 'supervisor', `${kill.id} ${kill.kind}`);
    assert.ok(
      (kill.recovery_seconds ?? Number.POSITIVE_INFINITY) < 30,
      `${kill.id} recovered in ${kill.recovery_seconds} s`,
    );
  }
  assert.ok(kills.some((kill) => kill.kind === 'crash') && kills.some((kill) => kill.kind === 'outage'));
  assert.ok((report.integrity.acknowledged ?? 0) > 50, `${report.integrity.acknowledged} acknowledged writes`);
  assert.equal(report.integrity.read_back, report.integrity.acknowledged);
  for (const key of ['lost', 'corrupt', 'duplicate', 'phantom'] as const) assert.equal(report.integrity[key], 0, key);
  assert.deepEqual(report.manual_interventions, []);
  for (const [name, count] of Object.entries(report.hygiene)) assert.equal(count, 0, name);
  assert.ok(report.totals.operations > 200, `${report.totals.operations} operations`);
  assert.ok(report.thresholds.length > 5 && report.thresholds.every((threshold) => threshold.ok !== false));
}

/**
 * The result and exit code that a run of some seconds must have: the expected ones, unless the load
 * generator was late. In so short a run, one delayed start is more than the 1 % that may be late.
 */
export function unlessLate(report: Report, expected: [Report['result'], number]): [Report['result'], number] {
  return report.generator.within_limits === false ? ['INCONCLUSIVE', 2] : expected;
}

/** Asserts what a run stopped with `faults` active faults must show. */
export function assertStopped(run: CommandResult, report: Report, faults: number): void {
  const story = `${tail(run.stdout, 60)}\n${report.reasons.join('\n')}`;
  assert.deepEqual([report.result, run.exitCode], unlessLate(report, ['INTERRUPTED', 130]), story);
  assert.equal(report.faults.length, faults, story);
  for (const { id, kind, effect, revert_verified: reverted } of report.faults)
    assert.deepEqual([effect, reverted], ['confirmed', true], `${id} ${kind}`);
}

/**
 * Asserts what a run whose load generator was killed at some time in `killed` must show: it judges
 * what it saw, and records the gap.
 */
export function assertGeneratorKilled(report: Report, killed: { fromMs: number; toMs: number }): void {
  const reasons = report.reasons.join('\n');
  assert.equal(report.result, 'INCONCLUSIVE', reasons);
  assert.match(reasons, /the run was aborted: the load generator restarted/);
  assert.match(reasons, /only \d+ of 180 s were observed/);
  const gap = report.gaps.find(({ reason }) => reason.includes('load generator'));
  assert.ok(gap, JSON.stringify(report.gaps));
  const [from, to] = [Date.parse(gap.from), Date.parse(gap.to)];
  assert.ok(from > killed.fromMs - 3_000 && from < killed.toMs + 500, JSON.stringify({ gap, killed }));
  assert.ok(to > killed.fromMs && to < killed.toMs + 10_000, JSON.stringify({ gap, killed }));
  // The new load generator reads back what the killed one had acknowledged.
  assert.ok((report.integrity.acknowledged ?? 0) > 20, `${report.integrity.acknowledged} acknowledged`);
  assert.equal(report.integrity.read_back, report.integrity.acknowledged);
  assert.equal(report.integrity.lost, 0);
  assert.ok(report.totals.operations > 50 && (report.totals.success_rate ?? 0) > 0.9);
  // The summary at the end is missing, but the latencies are in the log.
  assert.ok((report.operations['create']?.response_ms?.count ?? 0) > 10, JSON.stringify(report.operations['create']));
}
