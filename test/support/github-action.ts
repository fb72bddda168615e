/**
 * Executes the `run` steps of action.yml as GitHub's runner does: in order, with their environment,
 * outputs and conditions. Steps that use another action are returned, not executed.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mapValues } from '@encore/kit';
import { parse } from 'yaml';
import { root, runCommand } from './command.ts';

interface Step {
  id?: string;
  if?: string;
  shell?: string;
  env?: Record<string, string>;
  run?: string;
  uses?: string;
  with?: Record<string, string>;
}
export interface Action {
  inputs: Record<string, { description: string; default: string }>;
  outputs: Record<string, { description: string; value: string }>;
  runs: { using: string; steps: Step[] };
}

export interface ActionResult {
  /** Whether every step succeeded. */
  success: boolean;
  outputs: Record<string, string>;
  /** What the steps appended to the summary page of the job. */
  summary: string;
  log: string;
  /** Steps that use another action, with the values that it would receive. */
  used: { uses: string; with: Record<string, string> }[];
}

export const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as Action;

/** A runner's folders, removed at the end. */
export class ActionRunner implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'encore-action-'));
  readonly temp = join(this.#folder, 'temp');

  /** `actionPath` is the folder of the checked out action. */
  async run(options: {
    inputs: Record<string, string>;
    workspace: string;
    actionPath: string;
    env?: NodeJS.ProcessEnv;
    timeoutMs: number;
  }): Promise<ActionResult> {
    const { workspace, actionPath, timeoutMs } = options;
    mkdirSync(this.temp, { recursive: true });
    const values: Record<string, string> = { 'github.action_path': actionPath };
    for (const [name, { default: text }] of Object.entries(action.inputs)) values[`inputs.${name}`] = text;
    for (const [name, text] of Object.entries(options.inputs)) values[`inputs.${name}`] = text;
    const summaryFile = join(this.#folder, 'summary.md');
    writeFileSync(summaryFile, '');
    const result: ActionResult = { success: true, outputs: {}, summary: '', log: '', used: [] };
    for (const [index, step] of action.runs.steps.entries()) {
      if (!isDue(step.if ?? 'success()', result.success, values)) continue;
      if (step.uses !== undefined) {
        result.used.push({ uses: step.uses, with: mapValues(step.with ?? {}, (text) => evaluate(text, values)) });
        continue;
      }
      assert.equal(step.shell, 'bash');
      const script = join(this.#folder, `step-${index}.sh`);
      const outputFile = join(this.#folder, `output-${index}`);
      writeFileSync(script, step.run ?? '');
      writeFileSync(outputFile, '');
      const { exitCode, stdout, stderr } = await runCommand(
        'bash',
        ['--noprofile', '--norc', '-eo', 'pipefail', script],
        {
          cwd: workspace,
          env: {
            ...options.env,
            ...mapValues(step.env ?? {}, (text) => evaluate(text, values)),
            RUNNER_TEMP: this.temp,
            GITHUB_OUTPUT: outputFile,
            GITHUB_STEP_SUMMARY: summaryFile,
          },
          timeoutMs,
        },
      );
      result.log += stdout + stderr;
      result.success &&= exitCode === 0;
      for (const line of readFileSync(outputFile, 'utf8').split('\n').filter(Boolean)) {
        const [, name = '', text = ''] = /^([\w-]+)=(.*)$/.exec(line) ?? assert.fail(line);
        values[`steps.${step.id}.outputs.${name}`] = text;
      }
    }
    result.outputs = mapValues(action.outputs, ({ value }) => evaluate(value, values));
    result.summary = readFileSync(summaryFile, 'utf8');
    return result;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isDue(condition: string, success: boolean, values: Record<string, string>): boolean {
  return condition.split(' && ').every((term) => {
    if (term === 'always()') return true;
    if (term === 'success()') return success;
    const [, name = '', text = ''] = /^(inputs\.[\w-]+) != '(.*)'$/.exec(term) ?? assert.fail(term);
    return values[name] !== text;
  });
}

/** An output that no step has set is an empty text. */
function evaluate(text: string, values: Record<string, string>): string {
  return text.replaceAll(/\$\{\{ (.+?) \}\}/g, (_, name: string) => {
    assert.match(name, /^(inputs|steps|github)\.[\w.-]+$/);
    return values[name] ?? '';
  });
}
