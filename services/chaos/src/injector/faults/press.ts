/**
 * Runs the stress helper (docker/press.mjs) in a target. It uses up memory or scratch space, then
 * releases it.
 */
import { EncoreError, parse } from '@encore/kit';
import { z } from 'zod';
import { currentTarget } from './container-target.ts';
import type { Deed, FaultTools, ReadBack, Undone } from './fault-spec.ts';

const program = '/app/docker/press.mjs';

const answerSchema = z.object({
  /** Bytes that it uses. */
  taken: z.number().optional(),
  why: z.string().optional(),
  running: z.number().optional(),
  scratchBytes: z.number().optional(),
  freeBytes: z.number().optional(),
});
export type PressAnswer = z.infer<typeof answerSchema>;

/** Reads back whether the helper is still running. In a stopped container it is not. */
export async function pressReadBack(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<ReadBack> {
  const view = await currentTarget(tools, deed, signal);
  if (view.status !== 'running') return { inPlace: false, evidence: `the target is ${view.status}` };
  const { running = 0 } = await press(tools, view.id, ['status'], signal);
  return { inPlace: running > 0, evidence: `${running} stress helpers run` };
}

/** Stops the helper. In a stopped container it has ended already. */
export async function pressUndo(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<void> {
  const view = await currentTarget(tools, deed, signal);
  if (view.status === 'running') await press(tools, view.id, ['stop'], signal);
}

/** Verifies that the helper has ended; `confirm` judges its response. */
export async function pressVerify(
  tools: FaultTools,
  deed: Deed,
  signal: AbortSignal,
  confirm: (answer: PressAnswer) => Undone,
): Promise<Undone> {
  const view = await currentTarget(tools, deed, signal);
  if (view.status !== 'running') return { verified: true, evidence: `the target is ${view.status}` };
  return confirm(await press(tools, view.id, ['status'], signal));
}

export async function press(
  { engine }: Pick<FaultTools, 'engine'>,
  containerId: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<PressAnswer> {
  const { exitCode, output } = await engine.exec(containerId, ['node', program, ...argv], signal);
  const line = output.slice(output.indexOf('{'));
  if (!line.startsWith('{'))
    throw new EncoreError(
      'ENGINE_UNSUPPORTED',
      `the image has no ${program}: exit code ${exitCode}, ${output.slice(0, 200)}`,
      {
        status: 501,
        definite: true,
      },
    );
  return parse(answerSchema, JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)), 'answer of press.mjs');
}
