/** The one program that the injector runs inside a target (docker/press.mjs): it takes memory or scratch space and gives it back. */
import { EncoreError, parse } from '@encore/kit';
import { z } from 'zod';
import { currentTarget } from './container-target.ts';
import type { Deed, FaultTools, ReadBack, Undone } from './fault-spec.ts';

const program = '/app/docker/press.mjs';

const answerSchema = z.object({
  /** Bytes that it took. */
  taken: z.number().optional(),
  why: z.string().optional(),
  running: z.number().optional(),
  scratchBytes: z.number().optional(),
  freeBytes: z.number().optional(),
});
export type PressAnswer = z.infer<typeof answerSchema>;

/** Is the program that took memory or space still running? With the container its processes have ended. */
export async function pressReadBack(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<ReadBack> {
  const view = await currentTarget(tools, deed, signal);
  if (view.status !== 'running') return { inPlace: false, evidence: `the target is ${view.status}` };
  const { running = 0 } = await press(tools, view.id, ['look'], signal);
  return { inPlace: running > 0, evidence: `${running} such programs run` };
}

/** Ends the program. With the container its processes have ended. */
export async function pressUndo(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<void> {
  const view = await currentTarget(tools, deed, signal);
  if (view.status === 'running') await press(tools, view.id, ['stop'], signal);
}

/** Verifies that the program has ended; `confirm` judges the program's answer. */
export async function pressVerify(
  tools: FaultTools,
  deed: Deed,
  signal: AbortSignal,
  confirm: (answer: PressAnswer) => Undone,
): Promise<Undone> {
  const view = await currentTarget(tools, deed, signal);
  if (view.status !== 'running') return { verified: true, evidence: `the target is ${view.status}` };
  return confirm(await press(tools, view.id, ['look'], signal));
}

export async function press(
  { engine }: Pick<FaultTools, 'engine'>,
  containerId: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<PressAnswer> {
  const { exitCode, output } = await engine.exec(containerId, ['node', program, ...words], signal);
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
