/**
 * Runs a service: start, wait for SIGTERM or SIGINT, shut down within `shutdownMs`, exit. A second
 * signal exits immediately. If the start fails, it logs the reason and exits with 1; invalid
 * settings are printed as plain lines and exit with 78.
 */
import type { Logger } from 'pino';
import { describeError, EncoreError } from './encore-error.ts';

/** EX_CONFIG of sysexits.h: a restart does not help until somebody corrects the settings. */
export const refusedSettingsCode = 78;

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
      logger.error({ shutdownMs }, 'shutdown timed out');
      process.exit(1);
    }, shutdownMs).unref();
    stop.abort(new Error(`stopped by ${signal}`));
    await service[Symbol.asyncDispose]();
    process.exit(0);
  } catch (error) {
    if (error instanceof EncoreError && /^INVALID_(CONFIG|ENVIRONMENT|SYSTEM)$/.test(error.code)) {
      process.stderr.write(`refused to start:\n${error.message.replace(/^/gm, '  ')}\n`);
      process.exit(refusedSettingsCode);
    }
    logger.fatal({ err: describeError(error) }, 'could not start');
    process.exit(1);
  }
}
