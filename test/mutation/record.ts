/**
 * Results of the runs, kept in docs/mutation-tests.json and printed as docs/MUTATION_TESTS.md. A
 * bug's newest run replaces the previous one; clean runs are only added, so none can be left out.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/command.ts';
import {
  type BugRecord,
  type CleanScenarioRecord,
  mutationPage,
  type Records,
  type RunRecord,
} from './mutation-page.ts';

type RunResult<Kind extends RunRecord> = Omit<Kind, 'date' | 'commit'>;

const file = join(root, 'docs', 'mutation-tests.json');
const page = join(root, 'docs', 'MUTATION_TESTS.md');

export const recordBug = (name: string, result: RunResult<BugRecord>): void =>
  change((records) => (records.bugs[name] = { ...stamp(), ...result }));

export const recordCleanScenario = (name: string, result: RunResult<CleanScenarioRecord>): void =>
  change((records) => (records.cleanScenarios[name] = { ...stamp(), ...result }));

export const recordClean = (result: RunResult<RunRecord>): void =>
  change((records) => records.clean.push({ ...stamp(), ...result }));

function change(edit: (records: Records) => unknown): void {
  const records: Records = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { bugs: {}, cleanScenarios: {}, clean: [] };
  edit(records);
  writeFileSync(file, `${JSON.stringify(records, null, 2)}\n`);
  writeFileSync(page, mutationPage(records));
}

function stamp(): { date: string; commit: string } {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return { date: new Date().toISOString().slice(0, 10), commit };
}
