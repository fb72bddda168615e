/** The target's bounded scratch space is filled to the last byte, and filled again when somebody frees some of it. */
import { EncoreError } from '@encore/kit';
import { idOf, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';
import { press, pressReadBack, pressUndo, pressVerify } from './press.ts';

const fullBytes = 65_536;
/** What an upload frees is taken again at once, but a look may fall in between; so many in a row do not. */
const maxLooks = 10;
const lookEveryMs = 100;

export const diskFull: FaultSpec = {
  kind: 'disk-full',
  instant: false,
  forbidsStart: false,
  does: 'Runs the same fixed program, which fills the server’s scratch space, where uploads spool, and fills it again when an upload that ends frees some.',
  undoneBy: 'The file is removed; the program does so by itself when its time is over.',
  userSees: 'Large uploads are refused with a clear answer; small ones and reads go on.',
  pitfalls:
    'Only a small file system of its own is filled (1 GiB at most), never a disk of the host. A tmpfs counts as memory too.',
  prepare: saveTarget,
  act: async (tools, deed, signal) => {
    const { taken, why } = await press(tools, idOf(deed), ['disk', String(deed.fault.durationSeconds + 10)], signal);
    if (taken === undefined || why !== undefined)
      throw new EncoreError('ENGINE_UNSUPPORTED', `the scratch space could not be filled: ${why}`, {
        status: 501,
        definite: true,
      });
    return {};
  },
  bite: async (tools, deed, signal) => {
    for (let look = 1; ; look += 1) {
      const { freeBytes = 0, scratchBytes = 0 } = await press(tools, idOf(deed), ['look'], signal);
      const isFull = freeBytes < fullBytes;
      const evidence = `${freeBytes} of ${scratchBytes} bytes are free`;
      if (isFull || look === maxLooks) return { bit: isFull ? 'yes' : 'no', evidence };
      await tools.clock.sleep(lookEveryMs, signal);
    }
  },
  readBack: pressReadBack,
  readBackIsCostly: true,
  undo: pressUndo,
  verify: (tools, deed, signal) =>
    pressVerify(tools, deed, signal, ({ running, freeBytes = 0, scratchBytes = 0 }) => ({
      verified: running === 0 && freeBytes >= fullBytes,
      evidence: `${freeBytes} of ${scratchBytes} bytes are free`,
    })),
};
