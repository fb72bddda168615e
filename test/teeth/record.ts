/**
 * Results of the runs, kept in docs/teeth.json and printed as docs/TEETH.md. A bug's newest run
 * replaces the previous one; clean runs are only added, so that none can be left out.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '@encore/contracts';
import { root } from '../support/command.ts';
import { teethPage } from './teeth-page.ts';

export interface RunRecord {
  date: string;
  commit: string;
  seed: number;
  result: Result;
  /** The reason that names the expected rule, or else all reasons of the report. */
  reason: string;
}
export type BugRecord = RunRecord & { hits: number; caught: boolean };
export type TwinRecord = RunRecord & { silent: boolean };

export interface Records {
  bugs: Record<string, BugRecord>;
  twins: Record<string, TwinRecord>;
  clean: RunRecord[];
}

type RunResult<Kind extends RunRecord> = Omit<Kind, 'date' | 'commit'>;

const file = join(root, 'docs', 'teeth.json');
const page = join(root, 'docs', 'TEETH.md');

export const recordBug = (name: string, result: RunResult<BugRecord>): void =>
  change((records) => (records.bugs[name] = { ...stamp(), ...result }));

export const recordTwin = (name: string, result: RunResult<TwinRecord>): void =>
  change((records) => (records.twins[name] = { ...stamp(), ...result }));

export const recordClean = (result: RunResult<RunRecord>): void =>
  change((records) => records.clean.push({ ...stamp(), ...result }));

function change(edit: (records: Records) => unknown): void {
  const records: Records = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { bugs: {}, twins: {}, clean: [] };
  edit(records);
  writeFileSync(file, `${JSON.stringify(records, null, 2)}\n`);
  writeFileSync(page, teethPage(records));
}

function stamp(): { date: string; commit: string } {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return { date: new Date().toISOString().slice(0, 10), commit };
}
