/**
 * Reads a stored plan, verifies its hash, and reads the settings of its run if they are next to it.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesVersionProblem, type Plan, planSchema, type RunConfig } from '@encore/contracts';
import { problemsOf } from '@encore/kit';
import { isObject, type SettingsObject } from '@encore/kit/settings-file';
import { whyUnreadable } from '@encore/kit/text-file';
import { planHash } from '@encore/plan';

export type Replay = { ok: true; plan: Plan; settings: SettingsObject | null } | { ok: false; problem: string };

/** The settings that a stored plan already contains; changing one requires a new plan. */
export const fixedByPlan: readonly (keyof RunConfig)[] = [
  'hours',
  'rampSeconds',
  'killIntervalMinutes',
  'seed',
  'control',
  'network',
  'schedule',
];

export const fixedText =
  'the stored plan determines this setting; remove the setting, or make a new plan with "encore run"';

/** `path`: a plan.json, the folder of a run, or the report next to that folder. */
export function readReplay(path: string): Replay {
  const wrong = (file: string, problem: string): Replay => ({ ok: false, problem: `${file}: ${problem}` });
  if (!existsSync(path))
    return wrong(path, 'no such file or folder; pass a plan.json, or the folder or report of a run');
  const planPath = planPathOf(path);
  const noPlan = (why: string): Replay => wrong(planPath, `${why}; expected a plan.json or the folder of a run`);
  if (!existsSync(planPath)) return wrong(path, `${whyNoRun(path)}; pass the folder next to a report`);
  if (!statSync(planPath).isFile()) return noPlan('not a file');
  try {
    const stored: unknown = JSON.parse(readFileSync(planPath, 'utf8'));
    const problem = filesVersionProblem(stored);
    if (problem !== null) return wrong(planPath, problem);
    const parsed = planSchema.safeParse(stored);
    if (!parsed.success) return noPlan(`not a plan (${problemsOf(parsed.error)[0]})`);
    if (planHash(parsed.data) !== parsed.data.hash)
      return wrong(
        planPath,
        'the plan was edited: its hash does not match its content; restore the file, or make a new plan with "encore run"',
      );
    return { ok: true, plan: parsed.data, settings: settingsBeside(planPath) };
  } catch (error) {
    return error instanceof SyntaxError
      ? noPlan(`not a plan (${error.message})`)
      : wrong(planPath, whyUnreadable(error));
  }
}

/** Describes why the file or folder is not that of a run. */
export function whyNoRun(named: string): string {
  try {
    readdirSync(named);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTDIR') return whyUnreadable(error);
  }
  return 'not the folder of a run: it contains no plan.json';
}

function planPathOf(path: string): string {
  const folder = path.replace(/\.json$/, '');
  const inFolder = join(folder, 'plan.json');
  return existsSync(inFolder) || statSync(path).isDirectory() ? inFolder : path;
}

/** Null if config.json is not readable; users, limits and rules of the run are then unknown. */
function settingsBeside(planPath: string): SettingsObject | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dirname(planPath), 'config.json'), 'utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
