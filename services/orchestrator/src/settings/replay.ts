/** Reads what a replay needs: the stored plan, whose hash must still be right, and the settings of its run where they lie beside it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Plan, planSchema, type RunConfig } from '@encore/contracts';
import { problemsOf } from '@encore/kit';
import { planHash } from '@encore/plan';
import { isObject, type SettingsObject, whyUnreadable } from './config-file.ts';

export type Replay = { ok: true; plan: Plan; settings: SettingsObject | null } | { ok: false; problem: string };

/** A stored plan says when, how long and what; to say otherwise is to plan anew. */
export const decidedByPlan: readonly (keyof RunConfig)[] = [
  'hours',
  'rampSeconds',
  'killIntervalMinutes',
  'seed',
  'control',
  'network',
  'schedule',
];

export const decidedText = 'a stored plan decides this; leave it out, or plan anew with "encore run"';

/** `path`: a plan.json, the folder of a run, or the report beside that folder. */
export function readReplay(path: string): Replay {
  if (!existsSync(path)) return { ok: false, problem: `${path}: there is no such file or folder` };
  const planPath = planPathOf(path);
  if (!existsSync(planPath))
    return {
      ok: false,
      problem: `${path}: ${whyNoRun(path)}; give the folder beside a report`,
    };
  if (!statSync(planPath).isFile()) return { ok: false, problem: `${planPath}: is not a file` };
  try {
    const parsed = planSchema.safeParse(JSON.parse(readFileSync(planPath, 'utf8')));
    if (!parsed.success) {
      const [first = ''] = problemsOf(parsed.error);
      return { ok: false, problem: `${planPath}: is not a plan (${first}); give a plan.json or the folder of a run` };
    }
    if (planHash(parsed.data) !== parsed.data.hash)
      return { ok: false, problem: `${planPath}: was changed since it was made: its hash is not that of its content` };
    return { ok: true, plan: parsed.data, settings: settingsBeside(planPath) };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problem: `${planPath}: is not a plan: ${error.message}` };
    return { ok: false, problem: `${planPath}: ${whyUnreadable(error)}` };
  }
}

/** What a file or folder without a plan is instead of a run's. */
export function whyNoRun(named: string): string {
  try {
    readdirSync(named);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTDIR') return whyUnreadable(error);
  }
  return 'is not the folder of a run: there is no plan.json in it';
}

function planPathOf(path: string): string {
  const folder = path.replace(/\.json$/, '');
  const inFolder = join(folder, 'plan.json');
  return existsSync(inFolder) || statSync(path).isDirectory() ? inFolder : path;
}

/** Null without a config.json that can be read: users, limits and rules of the run are unknown then. */
function settingsBeside(planPath: string): SettingsObject | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dirname(planPath), 'config.json'), 'utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
