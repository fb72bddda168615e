/**
 * Runs the official conformance suite as a program: everything for one revision, against one
 * address.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root, runCommand, tail } from '../../support/command.ts';

const suite = join(root, 'node_modules/@modelcontextprotocol/conformance');
const program = join(suite, 'dist/index.js');

export interface Check {
  name: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
}

/** The checks of each scenario, by name. */
export type Outcome = ReadonlyMap<string, readonly Check[]>;

export async function runSuite(url: string, revision: string): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'encore-conformance-results-'));
  try {
    const args = [program, 'server', '--url', url, '--requirements', revision, '--timeout', '10000', '-o', folder];
    const { stdout, stderr } = await runCommand(process.execPath, args, { timeoutMs: 60_000 });
    const outcome = new Map<string, Check[]>();
    for (const name of readdirSync(folder)) {
      const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\dZ-]+$/.exec(name)?.[1];
      assert.ok(scenario, `results under an unknown name: ${name}`);
      outcome.set(scenario, JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8')) as Check[]);
    }
    assert.ok(outcome.size > 0, `the suite left no results\n${tail(stdout)}\n${tail(stderr)}`);
    return outcome;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Scenarios that the suite lists as required of a server for a revision. */
export function requiredScenarios(revision: string): string[] {
  const lists = parse(readFileSync(join(suite, 'requirements', `${revision}.yaml`), 'utf8')) as { server: string[] };
  return lists.server;
}

/**
 * Problems of a scenario. It passes when at least one check succeeded and none failed or warned.
 */
export function problemsOf(checks: readonly Check[] | undefined): string[] {
  if (!checks) return ['the scenario was not run'];
  const wrong = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  const problems = wrong.map(({ name, status, errorMessage }) => `${status} ${name}: ${errorMessage}`);
  if (!checks.some(({ status }) => status === 'SUCCESS')) problems.push('nothing was checked');
  return problems;
}
