/**
 * The frame of every `main.ts`: start, wait for SIGTERM or SIGINT, close what was opened within a deadline, exit.
 * A second signal exits at once. A failed start logs why and exits 1; settings
 * that are not right are printed as plain lines for the person who wrote them, and it exits 78.
 */
import type { Logger } from 'pino';
import { describeError, EncoreError } from './encore-error.ts';

/** EX_CONFIG of sysexits.h: a restart changes nothing until a person corrects the settings. */
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
      logger.error({ shutdownMs }, 'shutdown took too long');
      process.exit(1);
    }, shutdownMs).unref();
    stop.abort(new Error(`stopped by ${signal}`));
    await service[Symbol.asyncDispose]();
    process.exit(0);
  } catch (error) {
    if (error instanceof EncoreError && /^INVALID_(CONFIG|ENVIRONMENT)$/.test(error.code)) {
      process.stderr.write(`refused to start:\n${error.message.replace(/^/gm, '  ')}\n`);
      process.exit(refusedSettingsCode);
    }
    logger.fatal({ err: describeError(error) }, 'could not start');
    process.exit(1);
  }
}
