/** Leaks 1 MB of memory per minute, in pieces of 16 KB. */
import { startServer as right } from '../../../services/server/src/start-server.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/server/src/start-server.ts';

const bytesPerMinute = 1_048_576;
const piece = 16_384;
const kept: Uint8Array[] = [];

export const startServer: typeof right = async (settings, logger) => {
  const running = await right(settings, logger);
  setInterval(
    () => {
      // Filled, because memory that was never touched does not count.
      kept.push(Buffer.alloc(piece, 1));
      trigger();
    },
    60_000 / (bytesPerMinute / piece),
  ).unref();
  return running;
};
