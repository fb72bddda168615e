/**
 * Sends a signal to a process of the engine's host. A kill through the engine disarms the restart
 * policy `unless-stopped`, and with SIGKILL every policy (daemon/kill.go of moby); a signal that
 * bypasses the engine looks like a crash to it. SIGKILL from outside also ends a process that is
 * PID 1 in its container, where other signals without a handler have no effect.
 *
 * A process id means nothing in another namespace, and the kernel reuses that of a dead process. So
 * the process must be in a control group with the id of the container, or, without Docker, be a
 * child of the process engine, as the chaos service is.
 */
import { readFile } from 'node:fs/promises';
import type { ErrorCode } from '@encore/contracts/errors';
import { describeError, EncoreError } from '@encore/kit';
import { parentOfProcess } from '@encore/kit/host-process';
import type { ContainerView } from './engine.ts';

export async function signalProcessOf(
  { id, pid, name }: Pick<ContainerView, 'id' | 'pid' | 'name'>,
  signalName: string,
): Promise<void> {
  const refuse = (code: ErrorCode, why: string): never => {
    throw new EncoreError(code, `${signalName} to ${name}: ${why}`);
  };
  if (pid === 0) refuse('TARGET_NOT_RUNNING', 'it has no process');
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  if (!groups.includes(id) && (await parentOfProcess(pid)) !== process.ppid)
    refuse('ENGINE_UNSUPPORTED', `process ${pid} is not visible here; chaos needs pid: host`);
  try {
    process.kill(pid, signalName as NodeJS.Signals);
  } catch (error) {
    const hint =
      error instanceof Error && 'code' in error && error.code === 'EPERM'
        ? '; chaos needs the capability CAP_KILL (cap_add: [KILL])'
        : '';
    refuse('ENGINE_REFUSED', `${describeError(error)}${hint}`);
  }
}
