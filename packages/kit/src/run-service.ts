/**
 * The frame of every `main.ts`: start, wait for SIGTERM or SIGINT, close what was opened within a deadline, exit.
 * A second signal exits at once. A failed start prints one clear line and exits 1.
 */
import type { Logger } from 'pino';
import { describeError } from './encore-error.ts';

export async function runService(
  logger: Logger,
  start: (signal: AbortSignal) => Promise<AsyncDisposable>,
  shutdownMs = 8_000,
): Promise<void> {
  const stop = new AbortController();
  const stopped = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (stop.signal.aborted) process.exit(1);
        resolve(name);
      });
    }
  });
  process.on('unhandledRejection', (reason) => {
    logger.fatal({ err: describeError(reason) }, 'unhandled rejection');
    process.exit(1);
  });
  try {
    const service = await start(stop.signal);
    const signal = await stopped;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ shutdownMs }, 'shutdown took too long');
      process.exit(1);
    }, shutdownMs).unref();
    stop.abort(new Error(`stopped by ${signal}`));
    await service[Symbol.asyncDispose]();
    process.exit(0);
  } catch (error) {
    logger.fatal({ err: describeError(error) }, 'could not start');
    process.exit(1);
  }
}
