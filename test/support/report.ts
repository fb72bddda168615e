/** Finds and checks the report of a run that a test started. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Report, reportSchema } from '@encore/contracts';
import { type CommandResult, root, tail } from './command.ts';

/** The report whose path the run printed, relative to the checkout or not, parsed by the published schema. */
export async function reportOf(run: CommandResult): Promise<Report> {
  const path = run.stdout.match(/\S*production_test_\d{8}_\d{6}\w*\.json/)?.[0];
  assert.ok(path, `the run printed no report path:\n${tail(run.stdout)}\n${tail(run.stderr)}`);
  return reportSchema.parse(JSON.parse(await readFile(resolve(root, path), 'utf8')));
}

/** What a smoke run that passed must show, on any engine. */
export function assertPassedSmoke(run: CommandResult, report: Report): void {
  const story = `${tail(run.stdout, 60)}\n${report.reasons.join('\n')}`;
  assert.equal(report.result, 'PASSED', story);
  assert.equal(run.exitCode, 0, story);
  const kills = report.faults.filter((fault) => fault.kind === 'crash' || fault.kind === 'outage');
  assert.ok(kills.length >= 3, `${kills.length} kills`);
  for (const kill of kills) {
    assert.equal(kill.bit, 'yes', `${kill.id} ${kill.evidence}`);
    assert.equal(kill.healed_by, kill.kind === 'crash' ? 'policy' : 'supervisor', `${kill.id} ${kill.kind}`);
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

/** What a run that was stopped in the midst of `faults` held faults must show. */
export function assertStopped(run: CommandResult, report: Report, faults: number): void {
  const story = `${tail(run.stdout, 60)}\n${report.reasons.join('\n')}`;
  // In a run of some seconds, one start that a busy machine delays is more than the 1 % that a generator may be late.
  const expected = report.generator.within_limits === false ? ['INCONCLUSIVE', 2] : ['INTERRUPTED', 130];
  assert.deepEqual([report.result, run.exitCode], expected, story);
  assert.equal(report.faults.length, faults, story);
  for (const { id, kind, bit, undo_verified: undone } of report.faults)
    assert.deepEqual([bit, undone], ['yes', true], `${id} ${kind}`);
}

/** What a run must show whose load generator was killed at `killedAt`: what it saw until then is judged, and it says what it did not see. */
export function assertGeneratorKilled(report: Report, killedAt: number): void {
  const reasons = report.reasons.join('\n');
  assert.equal(report.result, 'INCONCLUSIVE', reasons);
  assert.match(reasons, /the run was aborted: the load generator was restarted/);
  assert.match(reasons, /only \d+ of 180 s were observed/);
  const gap = report.gaps.find(({ reason }) => reason.includes('load generator'));
  assert.ok(gap, JSON.stringify(report.gaps));
  const [from, to] = [Date.parse(gap.from), Date.parse(gap.to)];
  assert.ok(from < killedAt + 500 && from > killedAt - 3_000 && to > killedAt && to < killedAt + 10_000, gap.reason);
  // What the killed one had acknowledged is read back by the next.
  assert.ok((report.integrity.acknowledged ?? 0) > 20, `${report.integrity.acknowledged} acknowledged`);
  assert.equal(report.integrity.read_back, report.integrity.acknowledged);
  assert.equal(report.integrity.lost, 0);
  assert.ok(report.totals.operations > 50 && (report.totals.success_rate ?? 0) > 0.9);
  // Its sum at the end is missing; the log of its latencies is there.
  assert.ok((report.operations.create?.response_ms?.count ?? 0) > 10, JSON.stringify(report.operations.create));
}
