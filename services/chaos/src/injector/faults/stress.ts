/**
 * Runs the stress helper (docker/stress.mjs) in a target. It uses up memory or scratch space, then
 * releases it.
 */
import { EncoreError, parse } from '@encore/kit';
import { z } from 'zod';
import type { Fault, FindsTarget, ReadBack, RevertCheck, UsesEngine } from '../fault-functions.ts';
import { currentTarget } from './container-target.ts';

type Tools = FindsTarget & UsesEngine<'exec'>;
type OnTarget = { fault: Fault<unknown> };

const program = '/app/docker/stress.mjs';

const answerSchema = z.object({
  /** Bytes that it uses. */
  taken: z.number().optional(),
  why: z.string().optional(),
  running: z.number().optional(),
  scratchBytes: z.number().optional(),
  freeBytes: z.number().optional(),
});
export type StressAnswer = z.infer<typeof answerSchema>;

/**
 * Reads back whether the helper is still running. In a stopped container it is not; in a paused one
 * it waits.
 */
export async function stressReadBack(tools: Tools, active: OnTarget, signal: AbortSignal): Promise<ReadBack> {
  const view = await currentTarget(tools, active, signal);
  if (view.status === 'paused') return { inPlace: true, evidence: 'the target is paused' };
  if (view.status !== 'running') return { inPlace: false, evidence: `the target is ${view.status}` };
  const { running = 0 } = await runStressHelper(tools, view.id, ['status'], signal);
  return { inPlace: running > 0, evidence: `${running} stress helpers are running` };
}

/** Stops the helper. In a stopped container it has already ended; a paused one runs no program. */
export async function stressRevert(tools: Tools, active: OnTarget, signal: AbortSignal): Promise<void> {
  const view = await currentTarget(tools, active, signal);
  if (view.status === 'running') await runStressHelper(tools, view.id, ['stop'], signal);
}

/**
 * Verifies that the helper has ended; `confirm` judges its response. In a paused container it would
 * continue later, so the revert is retried.
 */
export async function stressVerifyReverted(
  tools: Tools,
  active: OnTarget,
  signal: AbortSignal,
  confirm: (answer: StressAnswer) => RevertCheck,
): Promise<RevertCheck> {
  const view = await currentTarget(tools, active, signal);
  if (view.status !== 'running')
    return { verified: view.status !== 'paused', evidence: `the target is ${view.status}` };
  return confirm(await runStressHelper(tools, view.id, ['status'], signal));
}

export async function runStressHelper(
  { engine }: UsesEngine<'exec'>,
  containerId: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<StressAnswer> {
  const { exitCode, output } = await engine.exec(containerId, ['node', program, ...argv], signal);
  const line = output.slice(output.indexOf('{'));
  if (!line.startsWith('{'))
    throw new EncoreError(
      'ENGINE_UNSUPPORTED',
      `${program} printed no result (exit code ${exitCode}): ${output.slice(0, 200)}. Check that the image contains it and Node`,
    );
  return parse(answerSchema, JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)), 'answer of stress.mjs');
}
