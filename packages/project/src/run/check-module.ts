/** Loads the module of a workload in a process of its own, before anything starts. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkTimeoutMs, type LoadConfig } from '@encore/contracts';
import { copyWorkload, type WorkloadFiles } from './workload-files.ts';

export interface CheckedWorkload {
  /** One line per mistake. */
  mistakes: string[];
  /** Which functions it has, such as readBack; empty if it has mistakes. */
  has: Partial<Record<string, boolean>>;
}

const program = 'services/loadgen/src/check-workload.ts';

/** `root` is the checkout of Encore; `load` must fit the workload. */
export async function checkModule(path: string, root: string, load: LoadConfig): Promise<CheckedWorkload> {
  const child = fork(join(root, program), [path, JSON.stringify(load)], {
    stdio: 'ignore',
    timeout: checkTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'exit').then(([code]): [CheckedWorkload] => {
    const how = code === null ? 'was killed' : `ended with code ${code}`;
    const mistakes = [`${path}: the process that loaded it ${how}`];
    return [{ mistakes, has: {} }];
  });
  const [checked] = (await Promise.race([once(child, 'message'), ended])) as [CheckedWorkload];
  return checked;
}

/** Checks a copy, as in the load generator's container: an import from outside the copy fails. */
export async function checkCopy(workload: WorkloadFiles, root: string, load: LoadConfig): Promise<CheckedWorkload> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'encore-workload-')));
  try {
    const path = await copyWorkload(workload, folder);
    const { mistakes, has } = await checkModule(path, root, load);
    return { mistakes: mistakes.map((line) => line.replaceAll(dirname(path), dirname(workload.file))), has };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a run does not test for lack of a function, and what would test it; one line each. */
export function untestedText({ has }: CheckedWorkload): string[] {
  const how = 'docs/WORKLOADS.md shows how to add it';
  if (!has['readBack'])
    return [`not tested: integrity of what users write, because the workload has no readBack; ${how}`];
  if (!has['list']) return [`not tested: objects that nobody wrote, because the workload has no list; ${how}`];
  return [];
}
