/** The entry point of the server under test: settings, logger, server, signals. */
import { createLogger, runService } from '@encore/kit';
import { readSettings } from './config.ts';
import { startServer } from './start-server.ts';

const logger = createLogger('server');
await runService(
  logger,
  async () => {
    const settings = readSettings(process.env);
    logger.level = settings.logLevel;
    return startServer(settings, logger);
  },
  9_000,
);
