/**
 * docs/MUTATION_TESTS.md: which seeded bugs the verdict detected, by which rule, and how often it
 * failed a correct lab.
 */

import type { Result } from '@encore/contracts';
import { wrapMarkdown } from '../../scripts/wrap-markdown.ts';
import { type Bug, bugs } from './bugs.ts';
import { scenarios } from './scenarios.ts';

export interface RunRecord {
  date: string;
  commit: string;
  seed: number;
  result: Result;
  /** The reason that names the expected rule, or else all reasons of the report. */
  reason: string;
}
export type BugRecord = RunRecord & { triggers: number; detected: boolean };
export type CleanScenarioRecord = RunRecord & { silent: boolean };

export interface Records {
  bugs: Record<string, BugRecord>;
  cleanScenarios: Record<string, CleanScenarioRecord>;
  clean: RunRecord[];
}

const introduction = `# Mutation tests: does the verdict detect seeded bugs?

A lab that always reports PASSED proves nothing. These tests therefore seed one bug at a time. Each must be detected by
the rule or evidence requirement that is meant for it.

    npm run mutation                       # runs all seeded bugs, one after another, and writes this page
    npm run mutation -- flipped-byte       # runs only this bug
    npm run mutation -- clean-scenarios    # the same runs without a seeded bug
    npm run mutation -- clean 10           # smoke runs without a seeded bug, each with a new seed; all are listed

A seeded bug is a file in [test/mutation/bugs](../test/mutation/bugs) that replaces one module of one program and
changes one thing. Only the commands above start the loader that replaces the module. The programs are unaware of it: no
setting can seed a bug, and no image contains the files.

Each run uses \`./encore\` (the embedded runtime) with its own settings, except *loopback*, which has no lab. *Triggers*
is how often the bug took effect; the required minimum is in parentheses.
`;

export function mutationPage(records: Records): string {
  return wrapMarkdown([introduction, bugTable(records), scenarioTable(records), cleanTable(records)].join('\n'));
}

function bugTable(records: Records): string {
  const detected = bugs.filter(({ name }) => records.bugs[name]?.detected === true).length;
  const rows = bugs.map((bug) => bugRow(bug, records));
  return `## Seeded bugs: ${detected} of ${bugs.length} detected

| bug | what is wrong | run | triggers (at least) | rule | verdict and reason | detected | seed, commit |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function bugRow({ name, what, scenario, triggersExpected, rule, seededIn }: Bug, { bugs: seen }: Records): string {
  const run = seen[name];
  const { seconds } = scenarios[scenario];
  const link = `[${name}](../test/mutation/bugs/${name}.ts)`;
  const head = `| ${link} | ${what} (in \`${seededIn.replace('services/', '')}\`) | ${scenario}, ${seconds} s |`;
  if (run === undefined) return `${head} (${triggersExpected}) | \`${rule}\` | not run yet | | |`;
  const { triggers, result, reason, detected, seed, commit } = run;
  return `${head} ${triggers.toLocaleString('en-US')} (${triggersExpected}) | \`${rule}\` | ${result}: ${cell(reason)} | ${detected ? 'yes' : 'NO'} | ${seed}, ${commit} |`;
}

function scenarioTable({ cleanScenarios }: Records): string {
  const used = [...new Set(bugs.map(({ scenario }) => scenario))];
  const rows = used.map((name) => {
    const cleanScenario = cleanScenarios[name];
    const rules = [...new Set(bugs.filter(({ scenario }) => scenario === name).map(({ rule }) => `\`${rule}\``))];
    const head = `| ${name} | ${scenarios[name].what} | ${rules.join(', ')} |`;
    if (cleanScenario === undefined) return `${head} not run yet | | |`;
    const { result, reason, silent, seed, commit } = cleanScenario;
    return `${head} ${silent ? 'silent' : 'NOT SILENT'} | ${result}${reason === '' ? '' : `: ${cell(reason)}`} | ${seed}, ${commit} |`;
  });
  return `## The same runs without a seeded bug

Some of these runs demand more than a correct server can deliver, so they need not pass. But none of the rules that
detect the bugs may be broken.

| run | what happens | expected rules | result | verdict and reasons | seed, commit |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function cleanTable({ clean }: Records): string {
  const passed = clean.filter(({ result }) => result === 'PASSED').length;
  const rows = clean.map(
    ({ date, seed, commit, result, reason }, index) =>
      `| ${index + 1} | ${seed} | ${result}${reason === '' ? '' : `: ${cell(reason)}`} | ${date}, ${commit} |`,
  );
  return `## Clean smoke runs: ${passed} of ${clean.length} passed

| run | seed | verdict | date, commit |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const maximumLength = 400;

/** Returns one short line for a table cell, without Markdown syntax. */
function cell(text: string): string {
  const line = text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  return line.length <= maximumLength ? line : `${line.slice(0, maximumLength)} …`;
}
