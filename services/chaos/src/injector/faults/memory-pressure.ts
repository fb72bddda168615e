/** Another process in the target takes the memory that it has left, so that the server's own memory injector must act. */
import { EncoreError } from '@encore/kit';
import { baselineOf } from '../targets.ts';
import { idOf, runningTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { press, pressReadBack, pressUndo, pressVerify } from './press.ts';

const megabyte = 1_048_576;
/** Stays free beside what is taken, the taker's own 50 MB included. */
const defaultMarginBytes = 96 * megabyte;
const minBytes = 32 * megabyte;
/** Less than the 25 s that an injection may take, so that a target that is too large is refused with the reason. */
const takeWithinSeconds = 20;

export const memoryPressure: FaultSpec = {
  kind: 'memory-pressure',
  instant: false,
  forbidsStart: true,
  does: 'Runs one fixed program of the image in the target, which takes all memory but a margin (96 MiB) for a limited time.',
  undoneBy:
    'The program is ended; it ends by itself when its time is over, and it is the first that the kernel would kill.',
  userSees: 'Sheds (503 with Retry-After) while the server’s memory injector holds back, then service as before.',
  pitfalls:
    'Needs exec, so the process engine cannot do it. The program dies first when memory runs out, which ends the fault early.',
  prepare: async (tools, fault, signal) => {
    const view = await runningTarget(tools, fault, signal);
    const limit = view.memoryBytes || (baselineOf(view.labels).memoryBytes ?? 0);
    if (limit === 0)
      throw new EncoreError(
        'ENGINE_REFUSED',
        `${view.name} has no memory limit, so memory-pressure would take the memory of the host. Set mem_limit for it in docker-compose.yml`,
        { status: 409, definite: true },
      );
    const { memoryBytes } = await tools.engine.stats(view.id, signal);
    const takenBytes = limit - memoryBytes - (fault.params.marginBytes ?? defaultMarginBytes);
    if (takenBytes < minBytes)
      throw new EncoreError('ENGINE_REFUSED', `of ${limit} bytes ${memoryBytes} are used: too little is left to take`, {
        status: 409,
        definite: true,
      });
    return { containerId: view.id, takenBytes };
  },
  act: async (tools, deed, signal) => {
    const words = [
      'memory',
      String(deed.saved.takenBytes ?? 0),
      String(deed.fault.durationSeconds + 10),
      String(takeWithinSeconds),
    ];
    const { taken, why } = await press(tools, idOf(deed), words, signal);
    if (!taken)
      throw new EncoreError('ENGINE_REFUSED', `memory could not be taken: ${why}`, { status: 409, definite: true });
    return {};
  },
  bite: async (tools, deed, signal) => {
    const { memoryBytes, memoryLimitBytes } = await tools.engine.stats(idOf(deed), signal);
    const mebibytes = (bytes: number) => `${Math.round(bytes / megabyte)} MiB`;
    return {
      bit: memoryBytes >= (deed.saved.takenBytes ?? 0) ? 'yes' : 'no',
      evidence: `the kernel counts ${mebibytes(memoryBytes)} of ${mebibytes(memoryLimitBytes)}, ${mebibytes(deed.saved.takenBytes ?? 0)} of them taken`,
    };
  },
  readBack: pressReadBack,
  readBackIsCostly: true,
  undo: pressUndo,
  verify: (tools, deed, signal) =>
    pressVerify(tools, deed, signal, ({ running = 0 }) => ({
      verified: running === 0,
      evidence: `${running} such programs run`,
    })),
};
